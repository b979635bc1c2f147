import Readings

/// Columns of text, two spaces apart.
struct TextTable {
    var header: [String]
    var rows: [[String]]

    var text: String {
        // Cells come from peers.
        let all = [header] + rows.map { row in row.map { $0.printable(limit: 1000) } }
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
