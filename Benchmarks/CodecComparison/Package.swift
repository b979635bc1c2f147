// swift-tools-version: 6.2
import PackageDescription

// The codec beside SwiftProtobuf; the package that measures it alone needs no other.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "CodecComparison",
    dependencies: [
        .package(path: "../Codec"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    ],
    targets: [
        // What protoc-gen-swift 1.39.0 makes of proto/: scripts/generate-swift-protobuf.
        .target(
            name: "SwiftProtobufMessages",
            dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")]),
        .executableTarget(
            name: "codec-comparison",
            dependencies: [
                "SwiftProtobufMessages",
                .product(name: "CodecOperations", package: "Codec"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: strict),
    ]
)
