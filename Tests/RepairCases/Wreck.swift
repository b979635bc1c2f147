import OTLP

/// A scene on its way to becoming a case: what was done to it, span by span.
struct Wreck {
    let scene: Scene
    let children: [[Int]]
    var random: SeededRandom
    var isGone: [Bool]
    /// The span lost its context and began a trace.
    var isCut: [Bool]
    /// The parent that is reported instead of the true one; itself for a self-parent.
    var reported: [Int?]
    /// The damage that each damaged link is owed to.
    var kind: [DamageKind?]
    /// Clocks, by process, in nanoseconds.
    var offset: [Int: Int64] = [:]
    var copies: [Int] = []
    var times: [(start: UInt64, end: UInt64)]
    /// Spans whose thread is told wrong or not at all, since they moved to a pool.
    var poolThread: [Int: Int] = [:]

    init(_ scene: Scene, random: SeededRandom) {
        self.scene = scene
        self.random = random
        children = scene.children()
        isGone = [Bool](repeating: false, count: scene.count)
        isCut = isGone
        reported = [Int?](repeating: nil, count: scene.count)
        kind = [DamageKind?](repeating: nil, count: scene.count)
        times = scene.batch.spans.map { ($0.startTimeUnixNano, $0.endTimeUnixNano) }
    }

    private func isWhole(_ span: Int) -> Bool {
        !isGone[span] && !isCut[span] && reported[span] == nil
            && (scene.parent[span] < 0 || !isGone[scene.parent[span]])
    }

    private mutating func some(_ spans: [Int], atMost limit: Int) -> [Int] {
        Array(spans.shuffled(using: &random).prefix(random.number(1...max(1, limit))))
    }

    private func spans(_ roles: Scene.Role...) -> [Int] {
        (0..<scene.count).filter { roles.contains(scene.role[$0]) && isWhole($0) }
    }

    mutating func apply(_ damage: DamageKind) {
        switch damage {
        case .none: makeOdd()
        case .duplicates: copies += some(Array(0..<scene.count), atMost: 1 + scene.count / 10)
        case .selfParent: nameThemselves()
        case .cycle: closeCycle()
        case .lostParent: loseParents()
        case .crash: crash()
        case .lostContext: loseContext()
        case .flat: flatten()
        case .twins: partTwins()
        case .workers: cut(spans(.worker), .workers)
        case .skewedWorkers:
            skew(roles: [.worker])
            cut(spans(.worker), .skewedWorkers)
        case .requests: cut(some(spans(.server), atMost: 40), .requests)
        case .skewedRequests:
            skew(roles: [.server])
            cut(some(spans(.server), atMost: 40), .skewedRequests)
        case .mixed:
            let parts: [DamageKind] = [
                .duplicates, .selfParent, .lostParent, .lostContext, .twins, .workers, .requests,
                .skewedWorkers, .skewedRequests,
            ]
            for part in parts.shuffled(using: &random).prefix(random.number(2...4)) { apply(part) }
        }
    }

    private mutating func cut(_ spans: [Int], _ damage: DamageKind) {
        for span in spans where isWhole(span) && scene.parent[span] >= 0 {
            isCut[span] = true
            kind[span] = damage
        }
    }

    private mutating func skew(roles: [Scene.Role]) {
        let skewed = Set(
            (0..<scene.count).filter { roles.contains(scene.role[$0]) }.map { scene.process[$0] })
        for process in skewed.sorted() where offset[process] == nil {
            let size = Int64(random.span(5_000, 3_000_000))
            offset[process] = random.chance(0.5) ? size : -size
        }
    }

    private mutating func nameThemselves() {
        for span in some(spans(.agent, .step, .model, .tool), atMost: 3)
        where isWhole(span) && scene.parent[span] >= 0 {
            reported[span] = span
            kind[span] = .selfParent
        }
    }

    private mutating func closeCycle() {
        let tops = spans(.run, .agent, .step, .tool).filter { !children[$0].isEmpty }
        guard let top = tops.randomElement(using: &random) else { return }
        let below = scene.subtree(of: top, children).dropFirst().filter(isWhole)
        guard let low = below.randomElement(using: &random) else { return }
        var node = low
        while node != top {
            guard isWhole(node) else { return }
            node = scene.parent[node]
        }
        reported[top] = low
        kind[top] = .cycle
    }

    private mutating func loseParents() {
        let candidates = spans(.agent, .step, .tool, .server, .run, .dispatch)
            .filter { !children[$0].isEmpty }
        for span in some(candidates, atMost: 3) where isWhole(span) {
            isGone[span] = true
            for child in children[span] where isWhole2(child) { kind[child] = .lostParent }
        }
    }

    private func isWhole2(_ span: Int) -> Bool {
        !isGone[span] && !isCut[span] && reported[span] == nil
    }

    private mutating func crash() {
        let first = times.map(\.start).min() ?? 0
        let last = times.map(\.end).max() ?? 0
        let moment =
            first + UInt64(Double(last - first) * Double.random(in: 0.3..<0.95, using: &random))
        for span in times.indices where times[span].end > moment { isGone[span] = true }
        for span in times.indices where !isGone[span] {
            let above = scene.parent[span]
            if above >= 0 && isGone[above] { kind[span] = .crash }
        }
    }

    private mutating func loseContext() {
        let share = random.pick([0.1, 0.4, 1.0])
        let movesToPool = random.chance(0.4)
        for span in spans(.model, .tool, .client)
        where scene.parent[span] >= 0 && random.chance(share) && isWhole(span) {
            // The second span of a call shares the first one's thread and context.
            if scene.role[span] == .model && scene.role[scene.parent[span]] == .model { continue }
            if scene.role[span] == .client && random.chance(0.7) { continue }
            cut([span], .lostContext)
            guard movesToPool else { continue }
            let thread = 90_000 + random.number(0...9_999)
            for below in scene.subtree(of: span, children)
            where scene.process[below] == scene.process[span] { poolThread[below] = thread }
        }
    }

    private mutating func flatten() {
        for span in spans(.model) where scene.batch.spans[span].kind != 0 {
            var top = span
            while scene.parent[top] >= 0 { top = scene.parent[top] }
            guard isForeign(span), scene.parent[span] != top else { continue }
            reported[span] = top
            kind[span] = .flat
        }
    }

    /// Whether another library tells the span than the one that tells its parent.
    private func isForeign(_ span: Int) -> Bool {
        scene.batch.string(scene.batch.scope(of: scene.batch.spans[span]).name)
            != scene.batch.string(
                scene.batch.scope(of: scene.batch.spans[scene.parent[span]]).name)
    }

    private mutating func partTwins() {
        let areSiblings = random.chance(0.5)
        for span in spans(.model)
        where scene.parent[span] >= 0 && scene.role[scene.parent[span]] == .model {
            // A failed try beside a good one is a call of its own.
            guard children[scene.parent[span]].count == 1, random.chance(0.7) else { continue }
            if areSiblings {
                reported[span] = scene.parent[scene.parent[span]]
                kind[span] = .twins
            } else {
                cut([span], .twins)
            }
        }
    }

    private mutating func makeOdd() {
        for span in times.indices where scene.parent[span] >= 0 {
            switch random.number(0...29) {
            case 0: times[span].end += random.span(1_000, 2_000_000)
            case 1: times[span].end = times[span].start
            default: break
            }
        }
        if random.chance(0.4) { skew(roles: [.worker, .server]) }
        if random.chance(0.2) {
            let from = times[random.number(0...times.count - 1)].start
            let jump = random.span(10_000, 2_000_000)
            for span in times.indices where times[span].start > from {
                times[span].start += jump
                times[span].end += jump
            }
        }
    }
}
