/// One tab-separated table: a header, rows, and lines that start with `#` as comments.
struct RuleTable {
    struct Row {
        var file: String
        var line: Int
        var columns: [String]
        var cells: [String]

        /// The cell of a column; "" where the row ends before it.
        subscript(column: String) -> String {
            guard let place = columns.firstIndex(of: column), place < cells.count else { return "" }
            return cells[place]
        }

        func error(_ column: String, expected: String) -> RuleError {
            .malformed(
                file: file, line: line, column: column, expected: expected, found: self[column])
        }

        /// The number in a cell; the default where the cell is empty.
        func integer(_ column: String, default empty: Int? = nil) throws(RuleError) -> Int {
            if self[column].isEmpty, let empty { return empty }
            guard let number = Int(self[column]) else {
                throw error(column, expected: "an integer")
            }
            return number
        }

        /// The text in a cell that must not be empty.
        func text(_ column: String) throws(RuleError) -> String {
            guard !self[column].isEmpty else { throw error(column, expected: "some text") }
            return self[column]
        }
    }

    var rows: [Row] = []

    /// Rows that have too many cells are left out; of a table with another header, all are.
    init(file: String, text: String, columns: [String], _ problems: inout RuleProblems) {
        var header: [String]?
        for (index, bytes) in text.utf8.split(separator: 10, omittingEmptySubsequences: false)
            .enumerated()
        {
            var line = Substring(bytes)
            if line.utf8.last == 13 { line = Substring(bytes.dropLast()) }
            if line.isEmpty || line.utf8.first == UInt8(ascii: "#") { continue }
            let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
                .map { String($0) }
            guard let header else {
                guard cells == columns else {
                    problems.add(
                        .malformed(
                            file: file, line: index + 1, column: "header",
                            expected: columns.joined(separator: " "),
                            found: cells.joined(separator: " ")))
                    return
                }
                header = cells
                continue
            }
            guard cells.count <= header.count else {
                problems.add(
                    .malformed(
                        file: file, line: index + 1, column: header.last ?? "",
                        expected: "at most \(header.count) cells", found: "\(cells.count) cells"))
                continue
            }
            rows.append(Row(file: file, line: index + 1, columns: header, cells: cells))
        }
    }
}
