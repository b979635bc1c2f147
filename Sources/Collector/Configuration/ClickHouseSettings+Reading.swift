import ClickHouseSink
import Foundation

extension ClickHouseSettings {
    /// The keys that only such a sink has.
    static let keys: Set<String> = [
        "database", "table", "cluster", "create_schema", "user", "password", "password_file",
        "settled_only",
    ]

    /// Reads the keys of one entry.
    /// - Parameter key: the entry's name for messages, such as `sinks[0]`.
    init(_ scalars: [String: String], key: String, file: String) throws(ConfigurationError) {
        func name(_ part: String) throws(ConfigurationError) -> String? {
            guard let text = scalars[part] else { return nil }
            guard ClickHouseSink.isName(text) else {
                throw .badValue(
                    key: "\(key).\(part)", source: file,
                    expected: "letters, digits and underscores", found: text.debugDescription)
            }
            return text
        }
        func flag(_ part: String) throws(ConfigurationError) -> Bool? {
            guard let text = scalars[part] else { return nil }
            guard let flag = Bool(text) else {
                throw .badValue(
                    key: "\(key).\(part)", source: file, expected: "true or false",
                    found: text.debugDescription)
            }
            return flag
        }
        database = try name("database") ?? database
        table = try name("table") ?? table
        cluster = try name("cluster")
        createsSchema = try flag("create_schema") ?? createsSchema
        takesSettledOnly = try flag("settled_only") ?? takesSettledOnly
        user = scalars["user"]
        try Self.checkField(user, key: "\(key).user", file: file)
        password = scalars["password"].map(Secret.init)
        if let path = scalars["password_file"] {
            guard password == nil else {
                throw .badValue(
                    key: "\(key).password_file", source: file,
                    expected: "password or password_file", found: "both")
            }
            guard let content = try? String(contentsOfFile: path, encoding: .utf8),
                let line = content.split(whereSeparator: \.isNewline).first
            else {
                throw .badValue(
                    key: "\(key).password_file", source: file,
                    expected: "a file that holds a password", found: path.debugDescription)
            }
            password = Secret(String(line))
        }
        try Self.checkField(password?.value, key: "\(key).password", file: file)
    }

    /// User and password go into header fields.
    private static func checkField(
        _ text: String?, key: String, file: String
    ) throws(ConfigurationError) {
        guard let text, text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return }
        throw .badValue(
            key: key, source: file, expected: "a text without control characters",
            found: "another value")
    }
}
