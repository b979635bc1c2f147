/// Draws a run's tree for a person: name, operation and model, tokens, duration, status, and on
/// each mended edge a mark with the rule that mended it.
public struct TreeText: Sendable {
    /// Whether to write colours for a terminal.
    public var isColoured: Bool

    public init(isColoured: Bool) {
        self.isColoured = isColoured
    }

    /// The mark on an edge that was mended.
    public static let mendedMark = "⤷"

    private struct Line {
        var branches: String
        var summary: SpanSummary
    }

    /// The tree, one line a span, each ended by a newline.
    public func text(of tree: SpanTree) -> String {
        let lines = lines(of: tree)
        let widest = lines.map { $0.branches.count + label(of: $0.summary).count }.max() ?? 0
        let nameWidth = min(widest, 60)
        let callWidth = min(lines.map { call(of: $0.summary).count }.max() ?? 0, 40)
        let tokenWidth = lines.map { tokens(of: $0.summary).count }.max() ?? 0
        var text = ""
        for line in lines {
            let summary = line.summary
            let label = label(of: summary)
            let padding = max(0, nameWidth - line.branches.count - label.count)
            var cells = line.branches.styled(.dim, isColoured)
            cells += label.styled(summary.isPlaceholder ? .dim : .bold, isColoured)
            cells += String(repeating: " ", count: padding)
            if callWidth > 0 {
                cells += "  " + call(of: summary).padded(to: callWidth).styled(.cyan, isColoured)
            }
            if tokenWidth > 0 { cells += "  " + tokens(of: summary).padded(to: tokenWidth) }
            cells += "  " + length(of: summary)
            if summary.status == "error" {
                let message = summary.statusMessage.isEmpty ? "" : ": \(summary.statusMessage)"
                cells += "  " + "error\(message)".printable(limit: 80).styled(.red, isColoured)
            } else if summary.status != "unset" {
                cells += "  " + summary.status.styled(.green, isColoured)
            }
            if let mending = mending(of: summary) {
                cells += "  " + mending.styled(.yellow, isColoured)
            }
            text += cells.trimmingSpacesAtEnd + "\n"
        }
        return text
    }

    private func lines(of tree: SpanTree) -> [Line] {
        var lines: [Line] = []
        var stack = tree.roots.reversed().map { (index: $0, branches: "", indent: "") }
        while let next = stack.popLast() {
            lines.append(
                Line(
                    branches: next.branches, summary: SpanSummary(of: next.index, in: tree.batch)))
            let children = tree.children(of: next.index)
            // Deeper than a person can follow, lines stop moving to the right.
            let isDeep = next.indent.count >= 3 * 40
            for (place, child) in children.enumerated().reversed() {
                let isLast = place == children.count - 1
                stack.append(
                    (
                        index: child, branches: next.indent + (isLast ? "└─ " : "├─ "),
                        indent: isDeep ? next.indent : next.indent + (isLast ? "   " : "│  ")
                    ))
            }
        }
        return lines
    }

    private func label(of summary: SpanSummary) -> String {
        let mark = summary.repairRule == nil ? "" : "\(Self.mendedMark) "
        return mark + (summary.name.isEmpty ? "(no name)" : summary.name.printable(limit: 60))
    }

    private func call(of summary: SpanSummary) -> String {
        [summary.operation, summary.model].compactMap { $0?.printable(limit: 40) }
            .joined(separator: " ")
    }

    private func tokens(of summary: SpanSummary) -> String {
        switch (summary.inputTokens, summary.outputTokens) {
        case (nil, nil): ""
        case (let input, let output):
            "\(input.map(String.init) ?? "?") → \(output.map(String.init) ?? "?") tokens"
        }
    }

    private func length(of summary: SpanSummary) -> String {
        guard let duration = summary.duration else { return "no end" }
        let milliseconds = duration.milliseconds
        return switch milliseconds {
        case ..<1: "\(Int(milliseconds * 1000)) µs"
        case ..<1000: "\(Int(milliseconds)) ms"
        case ..<60_000: "\((milliseconds / 10).rounded() / 100) s"
        default: "\((milliseconds / 6000).rounded() / 10) min"
        }
    }

    private func mending(of summary: SpanSummary) -> String? {
        if let rule = summary.repairRule {
            let confidence = summary.repairConfidence.map { " \(($0 * 100).rounded() / 100)" } ?? ""
            return "\(Self.mendedMark) \(rule)\(confidence)"
        }
        if let twin = summary.duplicateOf { return "same call as \(twin)" }
        return summary.isPlaceholder ? "never exported" : nil
    }
}
