import OTLP

/// The programs that scenes are made of.
public enum Program: String, CaseIterable, Sendable {
    /// One agent after the other, below one root.
    case sequence
    /// Up to six agents at a time in one process, each on a thread of its own.
    case parallel
    /// Eight to 64 agents at a time in one process.
    case crowd
    /// Workers that are processes of their own, one after the other, each below a waiting step.
    case sequentialWorkers
    /// Workers that are processes of their own, side by side.
    case parallelWorkers
    /// Eight to 64 workers that are processes of their own.
    case workerCrowd
    /// An agent whose tools ask services.
    case services
    /// Several agents at a time whose tools ask the same service.
    case busyServices
    /// An app that runs turn after turn, each a trace of its own.
    case separateTurns

    public func scene(seed: UInt64, hasTwins: Bool = false) -> Scene {
        var random = SeededRandom(seed: seed)
        var style = Style.random(&random)
        style.hasTwins = style.hasTwins || hasTwins
        var writer = SceneWriter(random: random, style: style)
        switch self {
        case .sequence: writer.sequence()
        case .parallel: writer.sideBySide(writer.random.number(2...6))
        case .crowd: writer.sideBySide(writer.random.number(8...64))
        case .sequentialWorkers: writer.sequentialWorkers()
        case .parallelWorkers: writer.pool(writer.random.number(2...6))
        case .workerCrowd: writer.pool(writer.random.number(8...64))
        case .services: writer.services(agents: 1)
        case .busyServices: writer.services(agents: writer.random.number(2...5))
        case .separateTurns: writer.separateTurns()
        }
        return writer.finish()
    }
}

extension SceneWriter {
    private mutating func main() -> (root: Int, place: Place) {
        let process = process(service: "agent-runner")
        let place = Place(below: -1, process: process, thread: thread())
        let root = open(.run, "rollout", scope: "app", at: Self.epoch, place)
        return (root, Place(below: root, process: process, thread: place.thread))
    }

    mutating func sequence() {
        let (root, place) = main()
        var now = Self.epoch + pause()
        for number in 0..<random.number(1...4) {
            now = run(task(number), from: now, place) + pause()
        }
        close(root, at: now)
    }

    mutating func sideBySide(_ count: Int) {
        let (root, place) = main()
        let turns = count > 8 ? 1...3 : 1...4
        var now = Self.epoch + pause()
        var latest = now
        for number in 0..<count {
            var own = place
            own.thread = thread()
            latest = max(latest, run(task(number, turns: turns), from: now, own))
            now += random.span(50, 100_000)
        }
        close(root, at: max(latest, now) + pause())
    }

    mutating func sequentialWorkers() {
        let (root, place) = main()
        var now = Self.epoch + pause()
        for number in 0..<random.number(2...6) {
            let step = open(.dispatch, "run worker \(number)", scope: "app", at: now, place)
            let job = uuid()
            let tellsJob = random.chance(0.5)
            if tellsJob { hint(step, "task.id", job) }
            now += random.span(500, 200_000)
            let end = worker(number, job: tellsJob ? job : nil, from: now, below: step)
            now = end + random.span(500, 100_000)
            close(step, at: now)
            now += pause()
        }
        close(root, at: now)
    }

    /// Workers of a pool: one step starts them all, or each has a step that waits for it.
    mutating func pool(_ count: Int) {
        let (root, place) = main()
        var now = Self.epoch + pause()
        let hasOwnSteps = random.chance(0.5)
        let tellsJobs = random.chance(0.6)
        var latest = now
        var dispatch = -1
        if !hasOwnSteps {
            dispatch = open(.dispatch, "dispatch", scope: "app", at: now, place)
            close(dispatch, at: now + random.span(500, 20_000))
            now = scene.end(dispatch)
        }
        for number in 0..<count {
            let job = uuid()
            if hasOwnSteps {
                var own = place
                own.thread = thread()
                dispatch = open(.dispatch, "delegate", scope: "app", at: now, own)
                if tellsJobs { hint(dispatch, "task.id", job) }
            }
            let told = hasOwnSteps && tellsJobs ? job : nil
            let begin = now + random.span(2_000, 300_000)
            let end = worker(number, job: told, from: begin, below: dispatch)
            if hasOwnSteps { close(dispatch, at: end + random.span(500, 20_000)) }
            latest = max(latest, scene.end(dispatch), end)
            now += random.span(50, 50_000)
        }
        now = max(now, latest) + pause()
        if !hasOwnSteps {
            let collect = open(.step, "collect results", scope: "app", at: now, place)
            now += random.span(500, 20_000)
            close(collect, at: now)
        }
        close(root, at: now + pause())
    }

    private mutating func worker(
        _ number: Int, job: String?, from start: UInt64, below host: Int
    ) -> UInt64 {
        let process = process(service: "agent-runner")
        let top = open(
            .worker, "work worker-\(number)", scope: "app", at: start,
            Place(below: host, process: process, thread: thread()))
        if let job { hint(top, "job.id", job) }
        let place = Place(below: top, process: process, thread: lastThread)
        var plan = task(number, turns: 1...2)
        plan.depth = 0
        let end = run(plan, from: start + pause(), place) + pause()
        close(top, at: end)
        return end
    }

    mutating func services(agents count: Int) {
        let (root, place) = main()
        let services = (0..<random.number(1...2)).map { process(service: "shop-\($0)") }
        var now = Self.epoch + pause()
        var latest = now
        for number in 0..<count {
            var own = place
            if count > 1 { own.thread = thread() }
            var plan = task(number, turns: 2...4)
            plan.services = services
            latest = max(latest, run(plan, from: now, own))
            now += random.span(50, 100_000)
        }
        close(root, at: max(latest, now) + pause())
    }

    mutating func separateTurns() {
        let process = process(service: "agent-runner")
        var now = Self.epoch
        for number in 0..<random.number(2...6) {
            let place = Place(below: -1, process: process, thread: 1)
            now = run(task(number), from: now, place) + random.span(500, 900_000)
            if random.chance(0.3) {
                let reward = open(.other, "agentlightning.annotation", scope: "app", at: now, place)
                tell(reward, [KeyValue("agentlightning.reward.0.value", 0.5)])
                now += pause()
                close(reward, at: now)
            }
        }
    }
}
