public import Logging
public import OTLPSink
public import SemanticConventions

/// All that a collector can be told. Every default makes a collector that needs no configuration.
public struct Configuration: Sendable {
    /// The address of the ingest listener.
    public var host = "127.0.0.1"
    /// The port of the ingest listener.
    public var port = 4318
    /// One of these is asked for as `Authorization: Bearer …` by the ingest listener; none asks for
    /// nothing.
    public var tokens: [Secret] = []
    /// More of them, read from `tokens_file`.
    public var fileTokens: [Secret] = []
    /// Origins whose pages may export from a browser, such as `https://app.example`; `*` is all.
    public var allowedOrigins: [String] = []
    /// TLS on the ingest listener; nil is plain HTTP.
    public var tls: TLSSettings?
    /// The address of the API listener. Any but a loopback address needs `apiToken`.
    public var apiHost = "127.0.0.1"
    /// The port of the API listener.
    public var apiPort = 4320
    /// Asked for as `Authorization: Bearer …` by the API listener; nil asks for nothing.
    public var apiToken: Secret?
    /// The folder of the inbox and the archive. One collector uses it at a time.
    public var dataDirectory = "tracemend-data"

    public var inbox = InboxSettings()
    public var archive = ArchiveSettings()
    public var settling = SettlingRule()
    /// Spans whose mended place is less sure than this do not move; 0…1.
    public var repairConfidenceMin = 0.0
    /// Attributes that assemble spans without rollout ids into runs, such as `session.id`.
    public var runKey: [String] = []
    /// A folder of dialect tables that is read on top of the built-in ones.
    public var rulesDirectory: String?
    /// What becomes of attributes that others tell in full after normalising.
    public var originals = Originals.keep
    /// Names of credentials beside the built-in ones; `*` stands for any characters.
    public var maskedKeys: [String] = []
    public var sinks: [SinkConfiguration] = []
    public var limits = Limits()
    /// How long requests in flight may take to finish after SIGTERM.
    public var shutdownGrace = Duration.seconds(10)
    public var logLevel = Logger.Level.info

    public init() {}
}

/// The files of TLS, each in PEM.
public struct TLSSettings: Hashable, Sendable {
    /// The certificate, and behind it those that lead to its root.
    public var certificate = ""
    /// The certificate's private key.
    public var key = ""
    /// Authorities of which one must have signed a client's certificate; nil asks clients for none.
    public var clientCA: String?

    public init() {}
}

/// How the inbox keeps what was accepted.
public struct InboxSettings: Hashable, Sendable {
    /// What an acknowledgement promises.
    public enum Durability: String, Hashable, Sendable, CaseIterable {
        /// The spans survive a loss of power.
        case power
        /// The spans survive a crash of the process.
        case process
    }

    public var durability = Durability.power
    /// Delivered bodies are kept this long.
    public var keepAge = Duration.seconds(24 * 3600)
    /// Delivered bodies are kept up to this many bytes.
    public var keepBytes = 2 << 30
    /// Undelivered bodies beyond this many bytes are refused with 503.
    public var maximumBytes = 8 << 30

    public init() {}
}

/// Whether and how long the embedded archive keeps runs.
public struct ArchiveSettings: Hashable, Sendable {
    public var isEnabled = true
    /// Runs older than this go; nil keeps them.
    public var keepAge: Duration?
    /// The oldest runs go while the archive holds more bytes; nil keeps them.
    public var keepBytes: Int?

    public init() {}
}

/// When a run counts as whole.
public struct SettlingRule: Hashable, Sendable {
    /// A trace whose parents have all arrived is whole after this much silence.
    public var grace = Duration.seconds(2)
    /// Any run is whole after this much silence, unless its attempt still runs.
    public var patience = Duration.seconds(600)
    /// A run whose attempt still runs, as its LightningStore says, is whole after this much silence.
    public var runningPatience = Duration.seconds(24 * 3600)

    public init() {}
}

/// One entry of `sinks`.
public struct SinkConfiguration: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Any OTLP/HTTP backend.
        case otlp
        /// Agent-lightning's LightningStore.
        case lightning
        /// ClickHouse, over its HTTP interface.
        case clickhouse
    }

    public var kind: Kind
    /// Unique among the sinks; the name of its cursor.
    public var name: String
    /// The base URL; `/v1/traces` is added where it has no path.
    public var endpoint: String
    public var headers: [String: Secret] = [:]
    public var isCompressed = true
    public var timeout = Duration.seconds(30)
    /// One request holds at most this many bytes before compression; nil for the sink's own limit.
    public var maximumRequestBytes: Int?
    /// The words that an OTLP backend reads.
    public var dialect = OTLPSink.Dialect.canonical
    /// Bodies that wait for this sink beyond so many bytes park its oldest runs; nil for half of
    /// `inbox.maximum_bytes`.
    public var backlogBytes: Int?
    /// The API listener stands in front of this LightningStore.
    public var isGateway = false
    /// Runs without rollout ids get a rollout of their own in this LightningStore.
    public var adoptsRuns = false
    public var clickHouse = ClickHouseSettings()

    public init(kind: Kind, name: String, endpoint: String) {
        self.kind = kind
        self.name = name
        self.endpoint = endpoint
    }
}

/// What only a sink of the kind `clickhouse` has.
public struct ClickHouseSettings: Hashable, Sendable {
    public var database = "default"
    /// The view that readers ask.
    public var table = "otel_traces"
    /// The servers of this cluster all get the tables, replicated; nil for one server.
    public var cluster: String?
    /// What is missing is created.
    public var createsSchema = true
    public var user: String?
    public var password: Secret?
    /// Runs come only when they are whole.
    public var takesSettledOnly = true

    public init() {}
}

/// A text that is never printed.
public struct Secret: Hashable, Sendable, CustomStringConvertible {
    public let value: String

    public init(_ value: String) {
        self.value = value
    }

    public var description: String { "***" }
}
