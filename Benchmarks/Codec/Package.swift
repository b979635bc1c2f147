// swift-tools-version: 6.2
import PackageDescription

// The codec alone: it builds in a minute, since it needs no other package. The first targets are those of the
// root package, by symbolic links.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let wire: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "Codec",
    products: [
        .library(name: "CodecOperations", targets: ["CodecOperations"]),
        .executable(name: "codec-operation", targets: ["codec-operation"]),
    ],
    targets: [
        .target(
            name: "OTLP", swiftSettings: wire + [.enableExperimentalFeature("Lifetimes")]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "Compression", dependencies: ["CZlib", "CDeflate"], swiftSettings: wire),
        .systemLibrary(
            name: "CProtobufC", pkgConfig: "libprotobuf-c",
            providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "OTLPReference", dependencies: ["CProtobufC"]),

        // An allocator for libprotobuf-c that only moves a pointer, and a count of all allocations.
        .target(
            name: "CArena", dependencies: ["CProtobufC", "OTLPReference"],
            cSettings: [.unsafeFlags(["-O2"])]),
        .target(
            name: "CodecOperations",
            dependencies: ["OTLP", "OTLPReference", "CProtobufC", "CArena", "Compression"],
            swiftSettings: strict),
        .executableTarget(
            name: "codec-operation", dependencies: ["CodecOperations"], swiftSettings: strict),
        // Mutants without end, judged as the tests judge theirs.
        .executableTarget(
            name: "codec-torture", dependencies: ["OTLP", "OTLPReference", "CProtobufC"],
            swiftSettings: strict),

        .testTarget(
            name: "OTLPTests", dependencies: ["OTLP", "OTLPReference", "CProtobufC"],
            swiftSettings: strict),
        .testTarget(
            name: "OTLPJSONTests", dependencies: ["OTLP", "Compression"], swiftSettings: strict),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression"], swiftSettings: strict),
    ]
)
