import Mending
import OTLP
import TrainingContent

/// What a call was asked and what it answered, from all spans that tell of it.
struct CallContent {
    private let prompt: [KeyValue]
    private let completion: [KeyValue]
    private let functions: [KeyValue]
    private let filled: [KeyValue]
    let toolCalls: [CanonicalMessage.ToolCall]

    /// - Parameter witnesses: places of other spans that tell of the call; the span itself wins.
    init(_ place: Int, of run: MendedRun, witnesses: [Int]) {
        let sources = ([place] + witnesses).map { place in
            run.batch.keyValues(run.batch.spans[place].attributes)
        }
        func first(_ key: String) -> AnyValue? {
            sources.lazy.compactMap { $0.last { $0.key == key }?.value }.first
        }
        let instructions = first("gen_ai.system_instructions").flatMap(Self.json)
        let input = first("gen_ai.input.messages").flatMap(Self.json)?.array ?? []
        prompt = ChatEntries.prompt(instructions: instructions, messages: input)
        let answers = sources.compactMap { source in
            source.last { $0.key == "gen_ai.output.messages" }.flatMap {
                Self.json($0.value)?.array?.map { CanonicalMessage($0) }
            }
        }
        let output = Self.best(answers) ?? []
        completion = ChatEntries.completion(output)
        toolCalls = output.flatMap(\.toolCalls)
        functions = ChatEntries.functions(
            first("gen_ai.tool.definitions").flatMap(Self.json)?.array ?? [])
        filled = Self.filledKeys.compactMap { key in first(key).map { KeyValue(key, $0) } }
    }

    var hasPrompt: Bool { !prompt.isEmpty }
    var hasCompletion: Bool { !completion.isEmpty }
    var hasFunctions: Bool { !functions.isEmpty }

    /// What the call's span is to carry beside what it has.
    func attributes(existing: Set<String>) -> [KeyValue] {
        prompt + completion + functions
            + StoreValue.flattened(filled.filter { !existing.contains($0.key) })
    }

    /// The answer with the most told of its tool calls; the first of equals.
    private static func best(_ answers: [[CanonicalMessage]]) -> [CanonicalMessage]? {
        let named = answers.map { answer in
            answer.flatMap(\.toolCalls).count { $0.id?.isEmpty == false }
        }
        return answers.indices.max { named[$0] < named[$1] || (named[$0] == named[$1] && $0 > $1) }
            .map { answers[$0] }
    }

    private static func json(_ value: AnyValue) -> JSONValue? {
        guard case .string(let text) = value else { return JSONValue(value) }
        return try? JSONValue(parsing: text)
    }

    /// What one library's span may have and the other's may not.
    private static let filledKeys = [
        "prompt_token_ids", "response_token_ids", "logprobs.content", "gen_ai.response.id",
        "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.finish_reasons",
    ]
}
