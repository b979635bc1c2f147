/// The best option for each of several parts of which some options disturb each other, solved exactly.
///
/// Branch and bound, depth first, the clearest part first: the bound is what each open part would
/// weigh at best beside those that are settled. Weights are whole millionths, so that taking one
/// back leaves no trace.
struct JointChoice {
    /// Two options that weigh less together.
    struct Clash {
        var part: Int
        var option: Int
        var otherPart: Int
        var otherOption: Int
        var weight: Double
    }

    /// For each part and option how much the best solution with it is behind the best of all, at
    /// most `lossThatCounts`; nil where the search took more work than was left.
    private(set) var loss: [[Double]]?
    /// How many weights were looked at.
    private(set) var work = 0

    /// Losses beyond it are as good as certain.
    static let lossThatCounts = 4.0

    /// Options of all parts in one row; those of a part from `first[part]` on.
    private let first: [Int]
    private let weights: [Int]
    private let partOf: [Int]
    private var effects: [[(option: Int, weight: Int)]]
    private let allowance: Int

    private static let unit = 1_000_000.0

    init(weights rows: [[Double]], clashes: [Clash], allowance: Int) {
        let whole = { (weight: Double) in Int(max(-1e6, min(1e6, weight)) * Self.unit) }
        var first = [0]
        for row in rows { first.append(first[first.count - 1] + row.count) }
        self.first = first
        self.allowance = allowance
        weights = rows.flatMap { $0.map(whole) }
        partOf = rows.indices.flatMap { part in rows[part].map { _ in part } }
        effects = weights.map { _ in [] }
        for clash in clashes {
            let weight = whole(clash.weight)
            let (one, other) = (
                first[clash.part] + clash.option, first[clash.otherPart] + clash.otherOption
            )
            effects[one].append((other, weight))
            effects[other].append((one, weight))
        }
        guard let best = search(with: nil, above: Int.min / 2) else { return }
        let floor = best.total - whole(Self.lossThatCounts)
        var totals = [Int](repeating: floor, count: weights.count)
        for option in weights.indices {
            if best.options.contains(option) {
                totals[option] = best.total
                continue
            }
            guard let found = search(with: option, above: floor) else { return }
            totals[option] = found.total
        }
        loss = rows.indices.map { part in
            totals[first[part]..<first[part + 1]].map { Double(best.total - $0) / Self.unit }
        }
    }

    private struct Level {
        var part: Int
        /// The options of the part, the best first.
        var options: [Int]
        var next = 0
        var total: Int
    }

    private struct State {
        var weights: [Int]
        var isSettled: [Bool]
        var openCount: Int
    }

    /// The best solution, and its options; only the floor where none is above it.
    private mutating func search(
        with fixed: Int?, above floor: Int
    ) -> (total: Int, options: Set<Int>)? {
        var state = State(
            weights: weights, isSettled: [Bool](repeating: false, count: first.count - 1),
            openCount: first.count - 1)
        var best = floor
        var options: Set<Int> = []
        var levels: [Level] = []
        var total = 0
        if let fixed {
            total = state.weights[fixed]
            settle(fixed, in: &state)
        }
        if let level = level(state, total, above: best) { levels.append(level) }
        while let top = levels.indices.last {
            guard work <= allowance else { return nil }
            if levels[top].next > 0 { free(levels[top].options[levels[top].next - 1], in: &state) }
            guard levels[top].next < levels[top].options.count else {
                levels.removeLast()
                continue
            }
            let option = levels[top].options[levels[top].next]
            levels[top].next += 1
            let sum = levels[top].total + state.weights[option]
            settle(option, in: &state)
            if state.openCount == 0 {
                guard sum > best else { continue }
                best = sum
                options = Set(levels.map { $0.options[$0.next - 1] })
            } else if let next = level(state, sum, above: best) {
                levels.append(next)
            }
        }
        return (best, options)
    }

    private func settle(_ option: Int, in state: inout State) {
        state.isSettled[partOf[option]] = true
        state.openCount -= 1
        for effect in effects[option] where !state.isSettled[partOf[effect.option]] {
            state.weights[effect.option] += effect.weight
        }
    }

    private func free(_ option: Int, in state: inout State) {
        for effect in effects[option] where !state.isSettled[partOf[effect.option]] {
            state.weights[effect.option] -= effect.weight
        }
        state.isSettled[partOf[option]] = false
        state.openCount += 1
    }

    /// The open part whose best option leads most; nil where nothing above the floor can come.
    private mutating func level(_ state: State, _ total: Int, above floor: Int) -> Level? {
        var bound = total
        var chosen = -1
        var widest = -1
        for part in state.isSettled.indices where !state.isSettled[part] {
            var best = Int.min / 4
            var second = Int.min / 4
            for option in first[part]..<first[part + 1] {
                let weight = state.weights[option]
                if weight > best {
                    second = best
                    best = weight
                } else if weight > second {
                    second = weight
                }
            }
            work += first[part + 1] - first[part]
            bound += best
            if best - second > widest {
                widest = best - second
                chosen = part
            }
        }
        guard bound > floor, chosen >= 0 else { return nil }
        let own = first[chosen]..<first[chosen + 1]
        return Level(
            part: chosen,
            options: own.sorted { (state.weights[$1], $0) < (state.weights[$0], $1) },
            total: total)
    }
}
