import Yams

/// What is wrong with a configuration.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case syntax(file: String, reason: String)
    case unknownKey(String, source: String)
    case badValue(key: String, source: String, expected: String, found: String)
    case missing(key: String, source: String)
    case duplicateSink(name: String)
    /// The API listener can stand in front of one store alone.
    case twoGateways
    case openAPIWithoutToken(host: String)
    case incompleteTLS(missing: String)
    /// A request of `limits.body_bytes` would never find room.
    case bodyBeyondBytesInFlight(body: Int, inFlight: Int)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
        case .syntax(let file, let reason): "\(file): not YAML: \(reason)"
        case .unknownKey(let key, let source): "\(source): unknown key \(key)"
        case .badValue(let key, let source, let expected, let found):
            "\(source): \(key): expected \(expected), found \(found)"
        case .missing(let key, let source): "\(source): \(key) is missing"
        case .duplicateSink(let name): "sinks: two sinks have the name \(name)"
        case .twoGateways: "sinks: only one sink may have gateway: true"
        case .bodyBeyondBytesInFlight(let body, let inFlight):
            "limits.body_bytes: expected at most limits.bytes_in_flight, which is \(inFlight), found \(body)"
        case .incompleteTLS(let missing):
            "\(missing) is missing: tls.certificate and tls.key go together"
        case .openAPIWithoutToken(let host):
            "api.host: \(host) is not a loopback address, so api.token must be set: the API shows prompts"
        }
    }
}

extension ConfigurationError {
    /// A syntax error by its place and its problem: the library's own text quotes the line, which may
    /// hold a secret.
    fileprivate init(_ error: any Error, file: String) {
        func at(_ mark: Mark, _ problem: String) -> Self {
            .syntax(file: "\(file):\(mark.line):\(mark.column)", reason: problem)
        }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self = at(mark, problem)
        case .reader(let problem, let offset, _, _):
            let place = offset.map { " at byte \($0)" } ?? ""
            self = .syntax(file: file, reason: problem + place)
        case .duplicatedKeysInMapping(let keys, let context):
            self = at(context.mark, "these keys stand twice: " + keys.joined(separator: ", "))
        default:
            self = .syntax(file: file, reason: "the text cannot be read")
        }
    }
}

extension Configuration {
    /// Applies a YAML text.
    /// - Parameter file: the name for messages.
    public mutating func apply(yaml: String, file: String) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch {
            throw ConfigurationError(error, file: file)
        }
        guard let root, root.null == nil else { return }
        guard let mapping = root.mapping else {
            throw .badValue(
                key: "the document", source: file, expected: "keys and values", found: "other YAML")
        }
        try apply(mapping, prefix: "", file: file)
    }

    /// Applies the variables that begin with `TRACEMEND_`; others are not looked at, and neither is
    /// what Kubernetes sets for a Service of that name.
    public mutating func apply(environment: [String: String]) throws(ConfigurationError) {
        for (variable, value) in environment.sorted(by: { $0.key < $1.key })
        where variable.hasPrefix("TRACEMEND_") && !Self.otherVariables.contains(variable)
            && !Self.isOfKubernetes(variable, value)
        {
            guard
                let key = ConfigurationKey.all.first(where: { $0.environmentVariable == variable })
            else { throw .unknownKey(variable, source: "environment") }
            try set(key, value, source: variable)
        }
    }

    /// Applies options of the command line, by the keys that they set: `--api-port` sets
    /// `api.port`.
    public mutating func apply(
        options: [(option: String, key: String, value: String)]
    ) throws(ConfigurationError) {
        for (option, name, value) in options {
            guard let key = ConfigurationKey.all.first(where: { $0.name == name }) else {
                throw .unknownKey(name, source: option)
            }
            try set(key, value, source: option)
        }
    }

    /// What only the whole configuration can tell.
    public func validate() throws(ConfigurationError) {
        if let tls {
            if tls.certificate.isEmpty { throw .incompleteTLS(missing: "tls.certificate") }
            if tls.key.isEmpty { throw .incompleteTLS(missing: "tls.key") }
        }
        var names: Set<String> = [Self.archiveSinkName]
        for sink in sinks where !names.insert(sink.name).inserted {
            throw .duplicateSink(name: sink.name)
        }
        if sinks.count(where: \.isGateway) > 1 { throw .twoGateways }
        if limits.bodyBytes > limits.bytesInFlight {
            throw .bodyBeyondBytesInFlight(
                body: limits.bodyBytes, inFlight: limits.bytesInFlight)
        }
        if apiToken == nil, !["127.0.0.1", "::1", "localhost"].contains(apiHost) {
            throw .openAPIWithoutToken(host: apiHost)
        }
    }

    /// The embedded archive's name among the sinks.
    public static let archiveSinkName = "archive"

    /// Variables with our prefix that are for other parts of the program.
    private static let otherVariables: Set<String> = ["TRACEMEND_URL"]

    /// In Kubernetes a Service named tracemend puts `TRACEMEND_SERVICE_HOST`,
    /// `TRACEMEND_PORT=tcp://10.0.0.1:4318` and more into every pod of its namespace.
    ///
    /// Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    private static func isOfKubernetes(_ variable: String, _ value: String) -> Bool {
        variable.hasPrefix("TRACEMEND_SERVICE_") || variable.hasPrefix("TRACEMEND_PORT_")
            || value.hasPrefix("tcp://")
    }

    private mutating func apply(
        _ mapping: Node.Mapping, prefix: String, file: String
    ) throws(ConfigurationError) {
        for (keyNode, value) in mapping {
            let part = keyNode.scalar?.string ?? "(a key that is no text)"
            let name = prefix.isEmpty ? part : "\(prefix).\(part)"
            let line = keyNode.mark.map { "\(file):\($0.line)" } ?? file
            if name == "sinks" {
                sinks = try SinkConfiguration.list(from: value, file: file)
            } else if let key = ConfigurationKey.all.first(where: { $0.name == name }) {
                try set(key, try scalarText(value, key: name, source: line), source: line)
            } else if let nested = value.mapping,
                ConfigurationKey.all.contains(where: { $0.name.hasPrefix(name + ".") })
            {
                try apply(nested, prefix: name, file: file)
            } else {
                throw .unknownKey(name, source: line)
            }
        }
    }

    private mutating func set(
        _ key: ConfigurationKey, _ value: String, source: String
    ) throws(ConfigurationError) {
        guard key.apply(&self, value) else {
            let shown = key.isSecret ? "another value" : "\"\(value)\""
            throw .badValue(
                key: key.name, source: source, expected: key.expectation, found: shown)
        }
    }
}

/// The text of a scalar; the texts of a sequence of scalars joined by commas.
func scalarText(
    _ node: Node, key: String, source: String
) throws(ConfigurationError) -> String {
    if let scalar = node.scalar { return scalar.string }
    if let sequence = node.sequence {
        let texts = sequence.compactMap { $0.scalar?.string }
        if texts.count == sequence.count { return texts.joined(separator: ",") }
    }
    throw .badValue(key: key, source: source, expected: "a plain value", found: "a structure")
}
