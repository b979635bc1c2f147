/// One named map of enums.tsv.
struct ValueMap: Sendable {
    /// What a value becomes.
    enum Outcome: Hashable, Sendable {
        case value(String)
        case unchanged
        case dropped
    }

    private var outcomes: [String: Outcome] = [:]
    private var otherwise: Outcome?
    /// Keys of a map of prefixes, longest first; nil for maps of whole values.
    private var prefixes: [String]?

    init(name: String) {
        if name.hasSuffix("_prefix") { prefixes = [] }
    }

    /// Adds a row; rows that came before it win.
    mutating func add(from: String, to: String) {
        let outcome: Outcome =
            switch to {
            case "": .dropped
            case "=": .unchanged
            default: .value(to)
            }
        if from == "*" {
            otherwise = otherwise ?? outcome
        } else if outcomes[from.lowercased()] == nil {
            outcomes[from.lowercased()] = outcome
            prefixes?.append(from.lowercased())
            prefixes?.sort { ($0.utf8.count, $0) > ($1.utf8.count, $1) }
        }
    }

    /// The mapped text; nil where the map drops the value or does not know it.
    func apply(_ text: String) -> String? {
        let key = text.trimmed.lowercased()
        switch outcome(of: key) {
        case .value(let mapped): return mapped
        case .unchanged: return text
        case .dropped, nil: return nil
        }
    }

    private func outcome(of key: String) -> Outcome? {
        if let exact = outcomes[key] { return exact }
        guard let prefixes else { return otherwise }
        for prefix in prefixes where key.hasPrefix(prefix) {
            let next = key.utf8.dropFirst(prefix.utf8.count).first
            if next == UInt8(ascii: ".") || next == UInt8(ascii: "-") { return outcomes[prefix] }
        }
        return otherwise
    }
}

extension StringProtocol {
    /// Without ASCII spaces, tabs and line ends around it.
    var trimmed: String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        let bytes = Array(utf8)
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
