/// The few styles of a terminal that the program uses.
enum TerminalStyle: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
}

extension String {
    func styled(_ style: TerminalStyle, _ isColoured: Bool) -> String {
        isColoured && !isEmpty ? "\u{1B}[\(style.rawValue)m\(self)\u{1B}[0m" : self
    }

    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// The text in one line, without control characters, which could command a terminal, and not
    /// longer than a limit.
    public func printable(limit: Int) -> String {
        var text = ""
        for scalar in unicodeScalars.prefix(limit + 1) {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            text.unicodeScalars.append(isControl ? " " : scalar)
        }
        return text.unicodeScalars.count > limit ? text.prefix(limit - 1) + "…" : text
    }

    var trimmingSpacesAtEnd: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}
