import OTLP

/// A message of a conversation.
struct Message {
    var role: String
    var text: String
    /// The id of the tool call that it asks for or answers.
    var toolCall = ""
    var tool = ""
}

/// One agent at work, and what it may do.
struct AgentTask {
    var name: String
    var prompt: String
    var conversation: String
    var turns: Int
    /// How deep agents may start others.
    var depth = 1
    /// Services that tools may ask.
    var services: [Int] = []
}

extension SceneWriter {
    mutating func task(_ number: Int, turns: ClosedRange<Int> = 1...4) -> AgentTask {
        let city = random.pick(["Lima", "Oslo", "Kyoto", "Accra", "Quito", "Turin", "Perth"])
        let prompt =
            style.hasAlikePrompts
            ? "Find out what the weather will be and plan the day."
            : "Task \(number): plan a day in \(city), budget \(random.number(100...99_999)) euro."
        return AgentTask(
            name: style.hasAlikePrompts ? "planner" : "planner_\(number)", prompt: prompt,
            conversation: uuid(), turns: random.number(turns))
    }

    /// An agent from its start; returns its end.
    mutating func run(_ task: AgentTask, from start: UInt64, _ place: Place) -> UInt64 {
        let span = open(.agent, style.agentName, scope: style.framework, at: start, place)
        tellOperation(span, "invoke_agent", "AGENT")
        tell(span, [KeyValue("gen_ai.agent.name", .string(task.name))])
        if style.tellsConversation {
            hint(span, "gen_ai.conversation.id", task.conversation)
        }
        var history = [
            Message(role: "system", text: "You are a helpful planner."),
            Message(role: "user", text: task.prompt),
        ]
        if style.tellsContent { tellInput(span, history) }
        var below = place
        below.below = span
        var now = start + pause()
        for turn in 0..<task.turns {
            now = self.turn(turn, of: task, &history, from: now, below)
            now += pause()
        }
        close(span, at: now)
        return now
    }

    private mutating func turn(
        _ turn: Int, of task: AgentTask, _ history: inout [Message], from start: UInt64,
        _ place: Place
    ) -> UInt64 {
        var below = place
        var now = start
        var step: Int?
        if style.hasSteps {
            let opened = open(
                .step, "\(style.stepName) \(turn)", scope: style.framework, at: start, place)
            tellStep(opened)
            step = opened
            below.below = opened
            now += pause()
        }
        let isLast = turn == task.turns - 1
        let calls = isLast ? 0 : random.number(1...3)
        let requests = (0..<calls).map { _ in
            Message(
                role: "assistant", text: "", toolCall: "call_\(random.hexadecimal(16))",
                tool: random.pick(["get_weather", "search", "book"]))
        }
        now = call(task, history, requests, from: now, below)
        history += requests
        now += pause()
        let isParallel = calls > 1 && random.chance(0.3)
        var latest = now
        for request in requests {
            let result = "\(request.tool) says \(random.number(10_000...99_999_999)) today"
            let end = tool(request, result, of: task, from: now, below, isParallel: isParallel)
            latest = max(latest, end)
            now = isParallel ? now + pause() : end + pause()
            history.append(Message(role: "tool", text: result, toolCall: request.toolCall))
        }
        now = max(now, latest)
        if let step {
            now += pause()
            close(step, at: now)
        }
        return now
    }

    /// A call of a model, as both of the program's libraries tell it; returns its end.
    private mutating func call(
        _ task: AgentTask, _ history: [Message], _ requests: [Message], from start: UInt64,
        _ place: Place
    ) -> UInt64 {
        let response = "chatcmpl-\(random.hexadecimal(24))"
        let reply = "Noted \(random.number(10_000...99_999_999))."
        let answer = requests.isEmpty ? [Message(role: "assistant", text: reply)] : requests
        let tokens = (random.number(20...4_000), random.number(5...900))
        var below = place
        var now = start
        var outer: Int?
        if style.hasTwins {
            let twin = open(.model, "ChatOpenAI.chat", scope: style.framework, at: now, place)
            tellCall(twin, task, history, answer, response, tokens)
            below.below = twin
            outer = twin
            now += pause()
        }
        let retries = random.chance(0.08) ? 1 : 0
        for attempt in 0...retries {
            let inner = open(
                .model, style.modelName, scope: style.sdk, at: now, below,
                kind: style.dialect == .genAI ? 3 : 1)
            let isFailure = attempt < retries
            let from = now
            now += random.span(150_000, 4_000_000)
            if style.hasTransport { transport(inner, from: from, to: now, below) }
            close(inner, at: now)
            if isFailure {
                tellOperation(inner, "chat", "LLM")
                fail(inner)
            } else {
                tellCall(inner, task, history, answer, response, tokens)
            }
            now += pause()
        }
        if let outer { close(outer, at: now) }
        return now
    }

    private mutating func transport(
        _ call: Int, from start: UInt64, to end: UInt64, _ place: Place
    ) {
        var below = place
        below.below = call
        let span = open(
            .client, "POST", scope: "opentelemetry.instrumentation.httpx", at: start + pause() / 4,
            below, kind: 3)
        close(span, at: max(start, end - min(end - start, pause() / 4)))
        tell(
            span,
            [
                KeyValue("http.request.method", "POST"),
                KeyValue("url.full", "https://api.example.com/v1/chat/completions"),
                KeyValue("server.address", "api.example.com"),
                KeyValue("http.response.status_code", 200),
            ])
    }

    /// The execution of a tool; returns its end.
    private mutating func tool(
        _ request: Message, _ result: String, of task: AgentTask, from start: UInt64,
        _ place: Place, isParallel: Bool
    ) -> UInt64 {
        var below = place
        if isParallel { below.thread = thread() }
        let span = open(
            .tool, "execute_tool \(request.tool)", scope: style.framework, at: start, below)
        tellOperation(span, "execute_tool", "TOOL")
        tell(span, [KeyValue("gen_ai.tool.name", .string(request.tool))])
        if random.chance(0.5) { hint(span, "gen_ai.tool.call.id", request.toolCall) }
        if style.tellsContent { hint(span, "gen_ai.tool.call.result", result) }
        below.below = span
        var now = start + pause()
        if task.depth > 0 && random.chance(0.15) {
            var child = self.task(random.number(100...999), turns: 1...2)
            child.depth = task.depth - 1
            now = run(child, from: now, below) + pause()
        } else if !task.services.isEmpty && random.chance(0.6) {
            now = self.request(random.pick(task.services), from: now, below) + pause()
        } else {
            now += random.span(2_000, 800_000)
        }
        close(span, at: now)
        return now
    }
}
