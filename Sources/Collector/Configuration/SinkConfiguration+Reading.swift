import Foundation
import OTLPSink
import Yams

extension SinkConfiguration {
    /// Reads the value of `sinks`.
    static func list(from node: Node, file: String) throws(ConfigurationError) -> [Self] {
        if node.null != nil { return [] }
        guard let entries = node.sequence else {
            throw .badValue(key: "sinks", source: file, expected: "a list", found: "other YAML")
        }
        var sinks: [Self] = []
        for (index, entry) in entries.enumerated() {
            sinks.append(try Self(node: entry, key: "sinks[\(index)]", file: file))
        }
        return sinks
    }

    private init(node: Node, key: String, file: String) throws(ConfigurationError) {
        guard let mapping = node.mapping else {
            throw .badValue(
                key: key, source: file, expected: "keys and values", found: "other YAML")
        }
        var scalars: [String: String] = [:]
        var headers: [String: Secret] = [:]
        for (keyNode, value) in mapping {
            let name = keyNode.scalar?.string ?? "(a key that is no text)"
            let line = keyNode.mark.map { "\(file):\($0.line)" } ?? file
            if name == "headers" {
                headers = try Self.headers(from: value, key: "\(key).headers", source: line)
            } else if Self.scalarKeys.contains(name) || ClickHouseSettings.keys.contains(name) {
                scalars[name] = try scalarText(value, key: "\(key).\(name)", source: line)
            } else {
                throw .unknownKey("\(key).\(name)", source: line)
            }
        }
        guard let type = scalars["type"] else { throw .missing(key: "\(key).type", source: file) }
        guard let kind = Kind(rawValue: type) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: " or ")
            throw .badValue(key: "\(key).type", source: file, expected: kinds, found: "\"\(type)\"")
        }
        guard let endpoint = scalars["endpoint"] else {
            throw .missing(key: "\(key).endpoint", source: file)
        }
        guard let scheme = URL(string: endpoint)?.scheme, ["http", "https"].contains(scheme),
            URL(string: endpoint)?.host != nil
        else {
            throw .badValue(
                key: "\(key).endpoint", source: file, expected: "an http or https URL",
                found: "\"\(endpoint)\"")
        }
        self.init(kind: kind, name: scalars["name"] ?? type, endpoint: endpoint)
        self.headers = headers
        try readOptions(scalars, key: key, file: file)
    }

    private static let scalarKeys: Set<String> = [
        "type", "name", "endpoint", "compression", "timeout", "maximum_request_bytes", "gateway",
        "adopt", "backlog_bytes", "dialect",
    ]

    private mutating func readOptions(
        _ scalars: [String: String], key: String, file: String
    ) throws(ConfigurationError) {
        if let compression = scalars["compression"] {
            guard ["gzip", "none"].contains(compression) else {
                throw .badValue(
                    key: "\(key).compression", source: file, expected: "gzip or none",
                    found: "\"\(compression)\"")
            }
            isCompressed = compression == "gzip"
        }
        if let text = scalars["dialect"] {
            guard kind == .otlp else { throw .unknownKey("\(key).dialect", source: file) }
            guard let read = OTLPSink.Dialect(rawValue: text) else {
                throw .badValue(
                    key: "\(key).dialect", source: file,
                    expected: OTLPSink.Dialect.allCases.map(\.rawValue).joined(separator: " or "),
                    found: "\"\(text)\"")
            }
            dialect = read
        }
        if let text = scalars["timeout"] {
            guard let duration = Duration(configuration: text) else {
                throw .badValue(
                    key: "\(key).timeout", source: file,
                    expected: ConfigurationKey.durationText, found: "\"\(text)\"")
            }
            timeout = duration
        }
        if let text = scalars["gateway"] {
            isGateway = try flag(text, key: "\(key).gateway", file: file)
        }
        if let text = scalars["adopt"] {
            adoptsRuns = try flag(text, key: "\(key).adopt", file: file)
        }
        if let text = scalars["maximum_request_bytes"] {
            maximumRequestBytes = try bytes(
                text, key: "\(key).maximum_request_bytes", file: file)
        }
        if kind == .clickhouse {
            clickHouse = try ClickHouseSettings(scalars, key: key, file: file)
        } else if let other = ClickHouseSettings.keys.sorted().first(where: { scalars[$0] != nil })
        {
            throw .unknownKey("\(key).\(other)", source: file)
        }
        if let text = scalars["backlog_bytes"] {
            backlogBytes = try bytes(text, key: "\(key).backlog_bytes", file: file)
        }
    }

    private func bytes(
        _ text: String, key: String, file: String
    ) throws(ConfigurationError) -> Int {
        guard let bytes = byteCount(text) else {
            throw .badValue(
                key: key, source: file, expected: ConfigurationKey.bytesText,
                found: "\"\(text)\"")
        }
        return bytes
    }

    /// A flag that only a LightningStore has.
    private func flag(
        _ text: String, key: String, file: String
    ) throws(ConfigurationError) -> Bool {
        guard kind == .lightning else { throw .unknownKey(key, source: file) }
        switch text {
        case "true": return true
        case "false": return false
        default:
            throw .badValue(
                key: key, source: file, expected: "true or false", found: "\"\(text)\"")
        }
    }

    private static func headers(
        from node: Node, key: String, source: String
    ) throws(ConfigurationError) -> [String: Secret] {
        guard let mapping = node.mapping else {
            throw .badValue(
                key: key, source: source, expected: "names and values", found: "other YAML")
        }
        var headers: [String: Secret] = [:]
        for (name, value) in mapping {
            let header = name.scalar?.string ?? ""
            guard isToken(header) else {
                throw .badValue(
                    key: key, source: source, expected: "names of HTTP header fields",
                    found: header.debugDescription)
            }
            let text = try scalarText(value, key: "\(key).\(header)", source: source)
            guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else {
                throw .badValue(
                    key: "\(key).\(header)", source: source,
                    expected: "a text without control characters", found: "another value")
            }
            headers[header] = Secret(text)
        }
        return headers
    }

    /// Source: RFC 9110, section 5.6.2.
    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
