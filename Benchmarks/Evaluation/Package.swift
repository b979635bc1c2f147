// swift-tools-version: 6.2
import PackageDescription

// The repair alone, measured against the truth: it needs no other package. All targets but the last are those of
// the root package, by symbolic links.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let wire: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "Evaluation",
    targets: [
        .target(
            name: "OTLP", swiftSettings: wire + [.enableExperimentalFeature("Lifetimes")]),
        .target(
            name: "SemanticConventions", dependencies: ["OTLP"],
            resources: [.copy("Rules")], swiftSettings: strict),
        .target(name: "HierarchyRepair", dependencies: ["OTLP"], swiftSettings: strict),
        .target(
            name: "Mending", dependencies: ["OTLP", "SemanticConventions", "HierarchyRepair"],
            swiftSettings: strict),
        .target(name: "RepairCases", dependencies: ["OTLP", "Mending"], swiftSettings: strict),
        .executableTarget(
            name: "evaluate-repair",
            dependencies: [
                "OTLP", "SemanticConventions", "HierarchyRepair", "Mending", "RepairCases",
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "repair-cost",
            dependencies: [
                "OTLP", "SemanticConventions", "HierarchyRepair", "Mending", "RepairCases",
            ],
            swiftSettings: strict),
    ]
)
