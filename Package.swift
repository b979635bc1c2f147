// swift-tools-version: 6.2
import PackageDescription

// The targets stand in the order in which a span passes them; a lower one never imports a higher one.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let wire: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "tracemend",
    products: [
        .executable(name: "tracemend", targets: ["tracemend"]),
        // For the benchmarks.
        .library(name: "Collector", targets: ["Collector"]),
        .library(name: "CollectorHTTP", targets: ["CollectorHTTP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // Any OTLP request, as bytes, becomes a flat TraceBatch, and back.
        .target(
            name: "OTLP", swiftSettings: wire + [.enableExperimentalFeature("Lifetimes")]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "Compression", dependencies: ["CZlib", "CDeflate"], swiftSettings: wire),

        // Mending: the same attributes whatever library wrote them, and one correct tree.
        .target(
            name: "SemanticConventions", dependencies: ["OTLP"],
            resources: [.copy("Rules")], swiftSettings: strict),
        .target(name: "HierarchyRepair", dependencies: ["OTLP"], swiftSettings: strict),
        .target(
            name: "Mending", dependencies: ["OTLP", "SemanticConventions", "HierarchyRepair"],
            swiftSettings: strict),

        // What went wrong in a database, and what to do about it.
        .target(
            name: "SQLiteFaults", dependencies: [.product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),

        // Kept before it is acknowledged.
        .target(name: "CDirectFiles"),
        .target(
            name: "Inbox",
            dependencies: [
                "CDirectFiles", "OTLP", "SQLiteFaults",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),

        // Where mended runs go. What every sink has, among it the HTTP client of those with a peer:
        .target(
            name: "Sinks",
            dependencies: [
                "OTLP", "Mending",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "SQLiteArchive",
            dependencies: [
                "OTLP", "Mending", "Sinks", "SQLiteFaults",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        // What spans say of messages and rewards, for whoever trains on them.
        .target(name: "TrainingContent", dependencies: ["OTLP"], swiftSettings: strict),
        // Mended spans in the words that backends for OpenInference read.
        .target(
            name: "OpenInference", dependencies: ["OTLP", "SemanticConventions"],
            swiftSettings: strict),
        .target(
            name: "OTLPSink",
            dependencies: [
                "OTLP", "Compression", "Mending", "OpenInference", "Sinks",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "LightningSink",
            dependencies: [
                "OTLP", "SemanticConventions", "HierarchyRepair", "Mending", "TrainingContent",
                "Sinks", "OTLPSink",
            ],
            swiftSettings: strict),
        .target(
            name: "ClickHouseSink",
            dependencies: [
                "OTLP", "Compression", "Mending", "Sinks",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),

        // What people and trainers read.
        .target(
            name: "Readings", dependencies: ["OTLP", "Mending", "TrainingContent"],
            swiftSettings: strict),

        // All of the above put to work: ingest, assembly, delivery, configuration.
        .target(
            name: "Collector",
            dependencies: [
                "OTLP", "Compression", "Mending", "Inbox", "Sinks", "SQLiteArchive", "OTLPSink",
                "LightningSink", "ClickHouseSink", "Readings", "Yams",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "CollectorHTTP",
            dependencies: [
                "OTLP", "Inbox", "Collector",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        // The C library's settings for its allocator, which Swift's own module leaves out.
        .systemLibrary(name: "CMalloc"),
        .executableTarget(
            name: "tracemend",
            dependencies: [
                "CMalloc",
                "OTLP", "Compression", "Mending", "Collector", "CollectorHTTP", "Readings",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // The oracle of the codec's tests: libprotobuf-c, and what protoc-c makes of proto/.
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "OTLPReference", dependencies: ["CProtobufC"]),

        // What the tests of several targets read: captured exports, and numbers from a seed.
        .target(
            name: "TestSupport", dependencies: ["OTLP", "Compression"], path: "Tests/TestSupport",
            swiftSettings: strict),

        .testTarget(
            name: "OTLPTests",
            dependencies: ["OTLP", "OTLPReference", "CProtobufC", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "OTLPJSONTests", dependencies: ["OTLP", "Compression", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "HierarchyRepairTests", dependencies: ["OTLP", "HierarchyRepair", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SemanticConventionsTests",
            dependencies: ["OTLP", "Compression", "SemanticConventions", "TestSupport"],
            swiftSettings: strict),
        // Damaged runs with their truth, for the tests and for Benchmarks/Evaluation.
        .target(
            name: "RepairCases", dependencies: ["OTLP", "Mending"], path: "Tests/RepairCases",
            swiftSettings: strict),
        .testTarget(
            name: "MendingTests",
            dependencies: [
                "OTLP", "Compression", "SemanticConventions", "Mending", "RepairCases",
                "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "OpenInferenceTests",
            dependencies: [
                "OTLP", "Compression", "SemanticConventions", "Mending", "OpenInference",
                "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SQLiteArchiveTests",
            dependencies: [
                "OTLP", "Mending", "Sinks", "SQLiteArchive", "FaultyDisk",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SinkTests",
            dependencies: [
                "OTLP", "Compression", "SemanticConventions", "HierarchyRepair", "Mending", "Inbox",
                "Sinks", "SQLiteArchive", "OTLPSink", "LightningSink", "ClickHouseSink",
                "Collector",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReadingsTests",
            dependencies: [
                "OTLP", "Compression", "SemanticConventions", "Mending", "Readings", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CollectorTests",
            dependencies: [
                "Collector", "Inbox", "OTLP", "OTLPSink",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CollectorHTTPTests",
            dependencies: [
                "Collector", "CollectorHTTP", "Compression", "Inbox", "OTLP", "FaultyDisk",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "InboxTests",
            dependencies: [
                "OTLP", "Inbox", "inbox-writer", "FaultyDisk",
                .product(name: "GRDB", package: "GRDB.swift"), "TestSupport",
            ],
            swiftSettings: strict),
        // A disk that fails when told to: a VFS below SQLite.
        .target(
            name: "CFaultyDisk", path: "Tests/CFaultyDisk",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "FaultyDisk", dependencies: ["CFaultyDisk"], path: "Tests/FaultyDisk",
            swiftSettings: strict),
        // Appends until it is killed: the victim of the crash tests.
        .executableTarget(
            name: "inbox-writer", dependencies: ["Inbox", "OTLP"], path: "Tests/InboxWriter",
            swiftSettings: strict),
    ]
)
