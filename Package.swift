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
        .executable(name: "tracemend", targets: ["tracemend"])
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
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
        .target(name: "Compression", dependencies: ["CZlib"], swiftSettings: wire),

        // Mending: the same attributes whatever library wrote them, and one correct tree.
        .target(
            name: "SemanticConventions", dependencies: ["OTLP"],
            resources: [.copy("Rules")], swiftSettings: strict),
        .target(name: "HierarchyRepair", dependencies: ["OTLP"], swiftSettings: strict),
        .target(
            name: "Mending", dependencies: ["OTLP", "SemanticConventions", "HierarchyRepair"],
            swiftSettings: strict),

        // Kept before it is acknowledged.
        .target(
            name: "Inbox",
            dependencies: ["OTLP", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: strict),

        // Where mended runs go.
        .target(name: "Sinks", dependencies: ["OTLP", "Mending"], swiftSettings: strict),
        .target(
            name: "SQLiteArchive",
            dependencies: [
                "OTLP", "Mending", "Sinks", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "OTLPSink",
            dependencies: [
                "OTLP", "Compression", "Sinks",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(
            name: "LightningSink",
            dependencies: ["OTLP", "Sinks", "OTLPSink"],
            swiftSettings: strict),

        // What people and trainers read.
        .target(name: "Readings", dependencies: ["OTLP"], swiftSettings: strict),

        // All of the above put to work: ingest, assembly, delivery, configuration.
        .target(
            name: "Collector",
            dependencies: [
                "OTLP", "Compression", "Mending", "Inbox", "Sinks", "SQLiteArchive", "OTLPSink",
                "LightningSink", "Readings", "Yams",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "CollectorHTTP",
            dependencies: [
                "OTLP", "Collector", "Readings",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "tracemend",
            dependencies: [
                "OTLP", "Compression", "Mending", "Collector", "CollectorHTTP", "Readings",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        .testTarget(name: "OTLPTests", dependencies: ["OTLP"], swiftSettings: strict),
        .testTarget(
            name: "OTLPJSONTests", dependencies: ["OTLP", "Compression"],
            swiftSettings: strict),
        .testTarget(
            name: "SemanticConventionsTests",
            dependencies: ["SemanticConventions", "OTLP", "Compression"],
            swiftSettings: strict),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression"], swiftSettings: strict),
    ]
)
