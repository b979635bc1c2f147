// swift-tools-version: 6.2
import PackageDescription

// Normalizing and what it stands on: it builds in a minute, since it needs no other package. The targets but the last
// are those of the root package, by symbolic links.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let wire: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "Normalizing",
    products: [
        .executable(name: "normalizing-operation", targets: ["normalizing-operation"])
    ],
    targets: [
        .target(
            name: "OTLP", swiftSettings: wire + [.enableExperimentalFeature("Lifetimes")]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .target(name: "Compression", dependencies: ["CZlib", "CDeflate"], swiftSettings: wire),
        .target(
            name: "SemanticConventions", dependencies: ["OTLP"],
            resources: [.copy("Rules")], swiftSettings: strict),
        .executableTarget(
            name: "normalizing-operation",
            dependencies: ["OTLP", "Compression", "SemanticConventions"],
            swiftSettings: strict),
    ]
)
