/// Gives rewards to model calls, as Agent-lightning's default policy `first_occurrence` does.
///
/// In the order of time, each reward goes to that one of the calls that had ended by then and have
/// no reward yet which started last.
struct RewardMatching {
    struct Call {
        /// Unix nanoseconds.
        var start: UInt64
        var end: UInt64
        /// Breaks ties of `start`: the place in the tree's preorder.
        var place: Int
    }

    struct Reward {
        var start: UInt64
        var place: Int
        var value: Double
    }

    /// By the index of the call.
    private(set) var rewards: [Int: Double] = [:]
    /// Indices of rewards that no call was left for, by time.
    private(set) var unmatched: [Int] = []

    /// - Complexity: O(n log n) in calls and rewards.
    init(_ calls: [Call], _ given: [Reward]) {
        let started = calls.indices.sorted {
            (calls[$0].start, calls[$0].place) < (calls[$1].start, calls[$1].place)
        }
        let byTime = given.indices.sorted {
            (given[$0].start, given[$0].place) < (given[$1].start, given[$1].place)
        }
        var next = 0
        // Calls by their places in `started`: the running ones by end, the ended ones by start.
        var running = Heap<Pair>()
        var ended = Heap<Pair>()
        for index in byTime {
            let reward = given[index]
            while next < started.count {
                let call = calls[started[next]]
                guard (call.start, call.place) <= (reward.start, reward.place) else { break }
                running.push(Pair(key: call.end, place: next))
                next += 1
            }
            while let first = running.first, first.key <= reward.start {
                running.pop()
                ended.push(Pair(key: .max - UInt64(first.place), place: first.place))
            }
            if let latest = ended.first {
                ended.pop()
                rewards[started[latest.place]] = reward.value
            } else {
                unmatched.append(index)
            }
        }
    }

    private struct Pair: Comparable {
        var key: UInt64
        var place: Int

        static func < (left: Pair, right: Pair) -> Bool {
            (left.key, left.place) < (right.key, right.place)
        }
    }
}

/// A binary heap, the smallest element first.
private struct Heap<Element: Comparable> {
    private var elements: [Element] = []

    var first: Element? { elements.first }

    mutating func push(_ element: Element) {
        elements.append(element)
        var place = elements.count - 1
        while place > 0, elements[place] < elements[(place - 1) / 2] {
            elements.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() {
        guard let last = elements.popLast(), !elements.isEmpty else { return }
        elements[0] = last
        var place = 0
        while true {
            var smallest = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < elements.count && elements[child] < elements[smallest] {
                smallest = child
            }
            guard smallest != place else { return }
            elements.swapAt(place, smallest)
            place = smallest
        }
    }
}
