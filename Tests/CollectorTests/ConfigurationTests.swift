import Collector
import Foundation
import Logging
import OTLPSink
import Testing

@Suite struct ConfigurationTests {
    @Test func everyKeyOfAFileReachesTheConfiguration() throws {
        var configuration = Configuration()
        try configuration.apply(
            yaml: """
                host: 0.0.0.0
                port: 14318
                api:
                  host: 127.0.0.1
                  port: 14320
                  token: secret
                data: /var/lib/tracemend
                inbox:
                  durability: process
                  keep_age: 12h
                  keep_bytes: 1GiB
                  maximum_bytes: 512MiB
                archive:
                  enabled: false
                  keep_age: 240h
                  keep_bytes: 3GiB
                settle:
                  grace: 500ms
                  patience: 1.5m
                  running_patience: 3h
                run:
                  key: [session.id, service.instance.id]
                limits:
                  body_bytes: 1MiB
                  bytes_in_flight: 2MiB
                  repaired_spans_per_run: 1000
                shutdown:
                  grace: 3s
                log:
                  level: debug
                """, file: "test.yaml")
        #expect(configuration.host == "0.0.0.0")
        #expect(configuration.port == 14318)
        #expect(configuration.apiHost == "127.0.0.1")
        #expect(configuration.apiPort == 14320)
        #expect(configuration.apiToken == Secret("secret"))
        #expect(configuration.dataDirectory == "/var/lib/tracemend")
        #expect(configuration.inbox.durability == .process)
        #expect(configuration.inbox.keepAge == .seconds(12 * 3600))
        #expect(configuration.inbox.keepBytes == 1 << 30)
        #expect(configuration.inbox.maximumBytes == 512 << 20)
        #expect(configuration.archive.isEnabled == false)
        #expect(configuration.archive.keepAge == .seconds(240 * 3600))
        #expect(configuration.archive.keepBytes == 3 << 30)
        #expect(configuration.settling.grace == .milliseconds(500))
        #expect(configuration.settling.patience == .seconds(90))
        #expect(configuration.settling.runningPatience == .seconds(3 * 3600))
        #expect(configuration.runKey == ["session.id", "service.instance.id"])
        #expect(configuration.limits.bodyBytes == 1 << 20)
        #expect(configuration.limits.bytesInFlight == 2 << 20)
        #expect(configuration.limits.repairedSpansPerRun == 1000)
        #expect(configuration.shutdownGrace == .seconds(3))
        #expect(configuration.logLevel == .debug)
    }

    @Test func sinksAreAList() throws {
        var configuration = Configuration()
        try configuration.apply(
            yaml: """
                sinks:
                  - type: lightning
                    name: store
                    endpoint: http://127.0.0.1:4747
                    gateway: true
                    adopt: true
                    backlog_bytes: 2GiB
                  - type: otlp
                    endpoint: https://backend.example/otlp
                    compression: none
                    timeout: 5s
                    dialect: openinference
                    maximum_request_bytes: 1MiB
                    headers:
                      authorization: Bearer token
                """, file: "test.yaml")
        try configuration.validate()
        #expect(configuration.sinks.map(\.name) == ["store", "otlp"])
        #expect(configuration.sinks.map(\.kind) == [.lightning, .otlp])
        #expect(configuration.sinks[0].isCompressed)
        #expect(configuration.sinks.map(\.isGateway) == [true, false])
        #expect(configuration.sinks.map(\.adoptsRuns) == [true, false])
        #expect(configuration.sinks.map(\.backlogBytes) == [2 << 30, nil])
        #expect(configuration.sinks[1].isCompressed == false)
        #expect(configuration.sinks[1].timeout == .seconds(5))
        #expect(configuration.sinks.map(\.dialect) == [.canonical, .openInference])
        #expect(configuration.sinks[1].maximumRequestBytes == 1 << 20)
        #expect(configuration.sinks[1].headers == ["authorization": Secret("Bearer token")])
    }

    @Test func aClickHouseSinkHasKeysOfItsOwn() throws {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("password-\(UUID().uuidString)")
        try Data("se cret\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var configuration = Configuration()
        try configuration.apply(
            yaml: """
                sinks:
                  - type: clickhouse
                    endpoint: https://clickhouse.example:8443/?insert_quorum=auto
                    database: otel
                    table: agent_traces
                    cluster: main
                    create_schema: false
                    user: writer
                    password_file: \(file.path)
                    settled_only: false
                  - type: clickhouse
                    name: second
                    endpoint: http://localhost:8123
                    password: plain
                """, file: "test.yaml")
        try configuration.validate()
        #expect(configuration.sinks.map(\.kind) == [.clickhouse, .clickhouse])
        var expected = ClickHouseSettings()
        #expect(expected.database == "default")
        #expect(expected.table == "otel_traces")
        #expect(expected.createsSchema)
        #expect(expected.takesSettledOnly)
        expected.password = Secret("plain")
        #expect(configuration.sinks[1].clickHouse == expected)
        expected.database = "otel"
        expected.table = "agent_traces"
        expected.cluster = "main"
        expected.createsSchema = false
        expected.user = "writer"
        expected.password = Secret("se cret")
        expected.takesSettledOnly = false
        #expect(configuration.sinks[0].clickHouse == expected)
    }

    @Test(arguments: [
        ("prot: 1", "test.yaml:1: unknown key prot"),
        ("host: a\napi:\n  prot: 1", "test.yaml:3: unknown key api.prot"),
        ("port: 70000", "test.yaml:1: port: expected a port from 0 to 65535, found \"70000\""),
        ("port: many", "test.yaml:1: port: expected a port from 0 to 65535, found \"many\""),
        (
            "settle: {grace: 2}",
            "test.yaml:1: settle.grace: expected a duration such as 500ms, 2s, 10m or 24h, found \"2\""
        ),
        (
            "limits: {body_bytes: -1}",
            "test.yaml:1: limits.body_bytes: expected a size such as 64MiB, 2GiB or a number of bytes, found \"-1\""
        ),
        (
            "limits: {body_bytes: 9223372036854775807GiB}",
            "test.yaml:1: limits.body_bytes: expected a size such as 64MiB, 2GiB or a number of bytes, found \"9223372036854775807GiB\""
        ),
        (
            "inbox: {durability: none}",
            "test.yaml:1: inbox.durability: expected power or process, found \"none\""
        ),
        ("host: [{}]", "test.yaml:1: host: expected a plain value, found a structure"),
        ("- host", "test.yaml: the document: expected keys and values, found other YAML"),
        ("sinks: {}", "test.yaml: sinks: expected a list, found other YAML"),
        ("sinks: [{endpoint: \"http://a\"}]", "test.yaml: sinks[0].type is missing"),
        (
            "sinks: [{type: file, endpoint: \"http://a\"}]",
            "test.yaml: sinks[0].type: expected otlp or lightning or clickhouse, found \"file\""
        ),
        ("sinks: [{type: otlp}]", "test.yaml: sinks[0].endpoint is missing"),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", database: otel}]",
            "test.yaml: unknown key sinks[0].database"
        ),
        (
            "sinks: [{type: clickhouse, endpoint: \"http://a\", table: \"a`b\"}]",
            "test.yaml: sinks[0].table: expected letters, digits and underscores, found \"a`b\""
        ),
        (
            "sinks: [{type: clickhouse, endpoint: \"http://a\", settled_only: maybe}]",
            "test.yaml: sinks[0].settled_only: expected true or false, found \"maybe\""
        ),
        (
            "sinks: [{type: clickhouse, endpoint: \"http://a\", password: \"a\\nb\"}]",
            "test.yaml: sinks[0].password: expected a text without control characters, found another value"
        ),
        (
            "sinks: [{type: clickhouse, endpoint: \"http://a\", password_file: /nowhere}]",
            "test.yaml: sinks[0].password_file: expected a file that holds a password, found \"/nowhere\""
        ),
        (
            "sinks: [{type: otlp, endpoint: backend}]",
            "test.yaml: sinks[0].endpoint: expected an http or https URL, found \"backend\""
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", size: 1}]",
            "test.yaml:1: unknown key sinks[0].size"
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\"}, {type: otlp, endpoint: \"http://b\"}]",
            "sinks: two sinks have the name otlp"
        ),
        (
            "sinks: [{type: otlp, name: archive, endpoint: \"http://a\"}]",
            "sinks: two sinks have the name archive"
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", gateway: true}]",
            "test.yaml: unknown key sinks[0].gateway"
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", dialect: phoenix}]",
            "test.yaml: sinks[0].dialect: expected canonical or openinference, found \"phoenix\""
        ),
        (
            "sinks: [{type: lightning, endpoint: \"http://a\", dialect: canonical}]",
            "test.yaml: unknown key sinks[0].dialect"
        ),
        (
            "sinks: [{type: lightning, endpoint: \"http://a\", adopt: maybe}]",
            "test.yaml: sinks[0].adopt: expected true or false, found \"maybe\""
        ),
        (
            "sinks: [{type: lightning, endpoint: \"http://a\", gateway: true}, {type: lightning, name: b, endpoint: \"http://b\", gateway: true}]",
            "sinks: only one sink may have gateway: true"
        ),
        (
            "api: {host: 0.0.0.0}",
            "api.host: 0.0.0.0 is not a loopback address, so api.token must be set: the API shows prompts"
        ),
        (
            "limits: {body_bytes: 2MiB, bytes_in_flight: 1MiB}",
            "limits.body_bytes: expected at most limits.bytes_in_flight, which is 1048576, found 2097152"
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", headers: {\"x y\": 1}}]",
            "test.yaml:1: sinks[0].headers: expected names of HTTP header fields, found \"x y\""
        ),
        (
            "sinks: [{type: otlp, endpoint: \"http://a\", headers: {x: \"hush\\r\\ny: 1\"}}]",
            "test.yaml:1: sinks[0].headers.x: expected a text without control characters, found another value"
        ),
        (
            "api: {token_file: /nonexistent}",
            "test.yaml:1: api.token_file: expected a file that holds a token, found \"/nonexistent\""
        ),
    ])
    func aMistakeIsToldWithItsKey(yaml: String, message: String) {
        var configuration = Configuration()
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.apply(yaml: yaml, file: "test.yaml")
            try configuration.validate()
        }
        #expect(error?.description == message)
    }

    @Test(arguments: [
        "host: [", "api:\n  token: \"hush\\q\"", "api:\n  token: hush: hush", "token: hush\n\tx: 1",
        "api: {token: hush\nport: 1", "host: a\nhost: hush", "host: @hush",
    ])
    func brokenYAMLIsToldInOneLineWithoutItsText(yaml: String) {
        var configuration = Configuration()
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.apply(yaml: yaml, file: "test.yaml")
        }
        let text = error?.description ?? ""
        #expect(text.contains(/^test\.yaml:\d+:\d+: not YAML: ./), "\(text)")
        #expect(!text.contains("\n") && !text.contains("hush"), "\(text)")
    }

    @Test func environmentVariablesWinOverTheFile() throws {
        var configuration = Configuration()
        try configuration.apply(yaml: "port: 1\nsettle: {grace: 1s}", file: "test.yaml")
        try configuration.apply(environment: [
            "TRACEMEND_SETTLE_GRACE": "7s", "TRACEMEND_RUN_KEY": "session.id", "HOME": "/",
            "TRACEMEND_RULES": "/etc/tracemend/rules", "TRACEMEND_URL": "http://127.0.0.1:4320",
        ])
        #expect(configuration.port == 1)
        #expect(configuration.settling.grace == .seconds(7))
        #expect(configuration.rulesDirectory == "/etc/tracemend/rules")
        #expect(configuration.runKey == ["session.id"])
    }

    @Test func variablesOfAKubernetesServiceAreNotOurs() throws {
        var configuration = Configuration()
        try configuration.apply(environment: [
            "TRACEMEND_SERVICE_HOST": "10.0.0.1", "TRACEMEND_SERVICE_PORT": "4318",
            "TRACEMEND_SERVICE_PORT_OTLP": "4318", "TRACEMEND_PORT": "tcp://10.0.0.1:4318",
            "TRACEMEND_PORT_4318_TCP": "tcp://10.0.0.1:4318",
            "TRACEMEND_PORT_4318_TCP_PROTO": "tcp", "TRACEMEND_PORT_4318_TCP_PORT": "4318",
        ])
        #expect(configuration.port == 4318)
        #expect(configuration.host == "127.0.0.1")
    }

    @Test func anUnknownVariableStopsTheStart() {
        var configuration = Configuration()
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.apply(environment: ["TRACEMEND_PROT": "1"])
        }
        #expect(error?.description == "environment: unknown key TRACEMEND_PROT")
    }

    @Test func optionsAreReadAsTheirKeysAre() throws {
        var configuration = Configuration()
        try configuration.apply(options: [
            (option: "--port", key: "port", value: "14318"),
            (option: "--api-port", key: "api.port", value: "0"),
        ])
        #expect(configuration.port == 14318)
        #expect(configuration.apiPort == 0)
        let error = #expect(throws: ConfigurationError.self) {
            try configuration.apply(options: [(option: "--port", key: "port", value: "70000")])
        }
        #expect(
            error?.description
                == "--port: port: expected a port from 0 to 65535, found \"70000\"")
    }

    @Test func secretsAreNotPrinted() throws {
        var configuration = Configuration()
        try configuration.apply(yaml: "api: {token: hush}", file: "test.yaml")
        #expect(!"\(configuration)".contains("hush"))
    }
}
