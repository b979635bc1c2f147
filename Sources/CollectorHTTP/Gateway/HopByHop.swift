/// Fields that concern one connection alone, and so are not passed on.
///
/// Source: RFC 9110, section 7.6.1.
enum HopByHop {
    /// - Parameter connection: the values of the message's `Connection` fields, which name more.
    static func fields(connection: [String]) -> Set<String> {
        var names = standard
        for value in connection {
            for name in value.split(separator: ",") {
                names.insert(name.trimmingPrefix { $0 == " " || $0 == "\t" }.lowercased().trimmed)
            }
        }
        return names
    }

    private static let standard: Set = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
