/// The best way to give each of some rows a column of its own, solved exactly.
///
/// The Hungarian method with shortest augmenting paths (Jonker and Volgenant): O(rows² · columns).
/// The lead of a choice is what the best assignment without it would cost more.
struct Assignment {
    /// For each row its column; nil where it is better off with none.
    private(set) var column: [Int?]
    /// For each row, how much better this assignment is than the best without that choice.
    private(set) var lead: [Double]

    private let rows: Int
    /// Real columns, then one "none" for each row.
    private let columns: Int
    private let cost: [Double]
    private var rowPrice: [Double]
    private var columnPrice: [Double]
    /// For each column the row that has it, from 1; 0 for free. Column 0 is the search's own.
    private var owner: [Int]

    private static let impossible = 1e9

    /// - Parameters:
    ///   - score: row by row; nil where a pair is impossible.
    ///   - none: what it scores to have no column.
    init(score: [[Double?]], none: Double) {
        rows = score.count
        let real = score.first?.count ?? 0
        columns = real + rows
        var cost = [Double](repeating: Self.impossible, count: rows * columns)
        for (row, scores) in score.enumerated() {
            for (place, value) in scores.enumerated() {
                if let value { cost[row * columns + place] = -value }
            }
            cost[row * columns + real + row] = -none
        }
        self.cost = cost
        rowPrice = [Double](repeating: 0, count: rows + 1)
        columnPrice = [Double](repeating: 0, count: columns + 1)
        owner = [Int](repeating: 0, count: columns + 1)
        column = [Int?](repeating: nil, count: rows)
        lead = [Double](repeating: 0, count: rows)
        for row in 1...max(1, rows) where row <= rows { augment(from: row, without: -1) }
        var chosen = [Int](repeating: 0, count: rows)
        for place in 1...max(1, columns) where place <= columns && owner[place] > 0 {
            chosen[owner[place] - 1] = place - 1
        }
        let best = total()
        for row in 0..<rows {
            column[row] = chosen[row] < real ? chosen[row] : nil
            var other = self
            other.owner[chosen[row] + 1] = 0
            other.augment(from: row + 1, without: chosen[row])
            lead[row] = min(20, max(0, other.total() - best))
        }
    }

    private func total() -> Double {
        var sum = 0.0
        for place in 1...max(1, columns) where place <= columns && owner[place] > 0 {
            sum += cost[(owner[place] - 1) * columns + place - 1]
        }
        return sum
    }

    private mutating func augment(from row: Int, without forbidden: Int) {
        owner[0] = row
        var place = 0
        var distance = [Double](repeating: .infinity, count: columns + 1)
        var before = [Int](repeating: 0, count: columns + 1)
        var isDone = [Bool](repeating: false, count: columns + 1)
        repeat {
            isDone[place] = true
            let current = owner[place]
            var step = Double.infinity
            var next = 0
            for candidate in 1...columns where !isDone[candidate] {
                let isForbidden = current == row && candidate - 1 == forbidden
                let price =
                    isForbidden ? Self.impossible : cost[(current - 1) * columns + candidate - 1]
                let reduced = price - rowPrice[current] - columnPrice[candidate]
                if reduced < distance[candidate] {
                    distance[candidate] = reduced
                    before[candidate] = place
                }
                if distance[candidate] < step {
                    step = distance[candidate]
                    next = candidate
                }
            }
            for candidate in 0...columns {
                if isDone[candidate] {
                    rowPrice[owner[candidate]] += step
                    columnPrice[candidate] -= step
                } else {
                    distance[candidate] -= step
                }
            }
            place = next
        } while owner[place] != 0
        while place != 0 {
            owner[place] = owner[before[place]]
            place = before[place]
        }
    }
}
