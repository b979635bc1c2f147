import Foundation
import Logging

/// One key of the configuration: its name in the file, which also gives its environment variable,
/// and how its value is read.
public struct ConfigurationKey: Sendable {
    /// The dotted name, such as `settle.grace`.
    public let name: String
    /// What the value is, in words for messages: "a duration such as 2s".
    public let expectation: String
    let apply: @Sendable (inout Configuration, String) -> Bool

    /// `TRACEMEND_` and the name in upper case, dots as underscores.
    public var environmentVariable: String {
        "TRACEMEND_" + name.uppercased().replacing(".", with: "_")
    }

    /// Whether its values must not be shown.
    var isSecret: Bool { name == "tokens" || name.hasSuffix("token") }

    /// Every key, in the order of docs/configuration.md.
    public static let all: [ConfigurationKey] = [
        text("host", \.host),
        port("port", \.port),
        ConfigurationKey(name: "tokens", expectation: "tokens, separated by commas") {
            let tokens = list($1)
            $0.tokens = tokens.map { Secret($0) }
            return !tokens.isEmpty && !tokens.contains("")
        },
        ConfigurationKey(name: "tokens_file", expectation: "a file that holds a token a line") {
            let tokens = lines(ofFile: $1)
            $0.fileTokens = tokens.map { Secret($0) }
            return !tokens.isEmpty
        },
        ConfigurationKey(
            name: "cors.allowed_origins", expectation: "origins, separated by commas, or *"
        ) {
            $0.allowedOrigins = list($1)
            return !$0.allowedOrigins.isEmpty
        },
        file("tls.certificate") { $0.certificate = $1 },
        file("tls.key") { $0.key = $1 },
        file("tls.client_ca") { $0.clientCA = $1 },
        text("api.host", \.apiHost),
        port("api.port", \.apiPort),
        ConfigurationKey(name: "api.token", expectation: "a text") {
            $0.apiToken = Secret($1)
            return !$1.isEmpty
        },
        ConfigurationKey(name: "api.token_file", expectation: "a file that holds a token") {
            guard let token = lines(ofFile: $1).first else { return false }
            $0.apiToken = Secret(token)
            return true
        },
        text("data", \.dataDirectory),
        choice("inbox.durability", \.inbox.durability),
        duration("inbox.keep_age", \.inbox.keepAge),
        bytes("inbox.keep_bytes", \.inbox.keepBytes),
        bytes("inbox.maximum_bytes", \.inbox.maximumBytes),
        flag("archive.enabled", \.archive.isEnabled),
        ConfigurationKey(name: "archive.keep_age", expectation: durationText) {
            $0.archive.keepAge = Duration(configuration: $1)
            return $0.archive.keepAge != nil
        },
        ConfigurationKey(name: "archive.keep_bytes", expectation: bytesText) {
            $0.archive.keepBytes = byteCount($1)
            return $0.archive.keepBytes != nil
        },
        duration("settle.grace", \.settling.grace),
        duration("settle.patience", \.settling.patience),
        duration("settle.running_patience", \.settling.runningPatience),
        ConfigurationKey(name: "run.key", expectation: "attribute keys, separated by commas") {
            $0.runKey = list($1).filter { !$0.isEmpty }
            return true
        },
        ConfigurationKey(name: "repair.confidence_min", expectation: "a number from 0 to 1") {
            guard let value = Double($1), (0...1).contains(value) else { return false }
            $0.repairConfidenceMin = value
            return true
        },
        ConfigurationKey(name: "rules", expectation: "the path of a folder") {
            $0.rulesDirectory = $1
            return !$1.isEmpty
        },
        choice("originals", \.originals),
        ConfigurationKey(
            name: "masking.keys", expectation: "names of credentials, separated by commas"
        ) {
            $0.maskedKeys = list($1).filter { !$0.isEmpty }
            return true
        },
        bytes("limits.body_bytes", \.limits.bodyBytes),
        bytes("limits.bytes_in_flight", \.limits.bytesInFlight),
        count("limits.nodes", \.limits.nodes),
        bytes("limits.decoding_bytes", \.limits.decodingBytes),
        count("limits.connections", \.limits.connections),
        duration("limits.head_timeout", \.limits.headTimeout),
        duration("limits.body_timeout", \.limits.bodyTimeout),
        duration("limits.request_timeout", \.limits.requestTimeout),
        duration("limits.idle_timeout", \.limits.idleTimeout),
        count("limits.repaired_spans_per_run", \.limits.repairedSpansPerRun),
        duration("shutdown.grace", \.shutdownGrace),
        ConfigurationKey(
            name: "log.level",
            expectation: "one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        ) {
            guard let level = Logger.Level(rawValue: $1.lowercased()) else { return false }
            $0.logLevel = level
            return true
        },
    ]

    static let durationText = "a duration such as 500ms, 2s, 10m or 24h"
    static let bytesText = "a size such as 64MiB, 2GiB or a number of bytes"

    /// What stands between the commas.
    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.trimmed) }
    }

    /// The lines of a file that are not blank; none where it cannot be read.
    private static func lines(ofFile path: String) -> [String] {
        let content = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return content.split(whereSeparator: \.isNewline).map { String($0.trimmed) }
            .filter { !$0.isEmpty }
    }

    private static func file(
        _ name: String, _ set: @escaping @Sendable (inout TLSSettings, String) -> Void
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: "a file that can be read") {
            set(&$0.tls[default: TLSSettings()], $1)
            return access($1, R_OK) == 0
        }
    }

    private static func text(
        _ name: String, _ path: any WritableKeyPath<Configuration, String> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: "a text that is not empty") {
            $0[keyPath: path] = $1
            return !$1.isEmpty
        }
    }

    private static func port(
        _ name: String, _ path: any WritableKeyPath<Configuration, Int> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: "a port from 0 to 65535") {
            guard let number = Int($1), (0...65535).contains(number) else { return false }
            $0[keyPath: path] = number
            return true
        }
    }

    private static func count(
        _ name: String, _ path: any WritableKeyPath<Configuration, Int> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: "a whole number from 1") {
            guard let number = Int($1), number > 0 else { return false }
            $0[keyPath: path] = number
            return true
        }
    }

    private static func bytes(
        _ name: String, _ path: any WritableKeyPath<Configuration, Int> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: bytesText) {
            guard let number = byteCount($1) else { return false }
            $0[keyPath: path] = number
            return true
        }
    }

    private static func duration(
        _ name: String, _ path: any WritableKeyPath<Configuration, Duration> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: durationText) {
            guard let duration = Duration(configuration: $1) else { return false }
            $0[keyPath: path] = duration
            return true
        }
    }

    private static func flag(
        _ name: String, _ path: any WritableKeyPath<Configuration, Bool> & Sendable
    ) -> ConfigurationKey {
        ConfigurationKey(name: name, expectation: "true or false") {
            guard let flag = Bool($1.lowercased()) else { return false }
            $0[keyPath: path] = flag
            return true
        }
    }

    private static func choice<Value: RawRepresentable & CaseIterable & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable
    ) -> ConfigurationKey where Value.RawValue == String {
        let names = Value.allCases.map(\.rawValue).joined(separator: " or ")
        return ConfigurationKey(name: name, expectation: names) {
            guard let value = Value(rawValue: $1) else { return false }
            $0[keyPath: path] = value
            return true
        }
    }
}

extension Optional {
    fileprivate subscript(default value: @autoclosure () -> Wrapped) -> Wrapped {
        get { self ?? value() }
        set { self = newValue }
    }
}
