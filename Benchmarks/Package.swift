// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "tracemend-benchmarks",
    dependencies: [
        .package(name: "tracemend", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The ingest surface on Hummingbird and on NIOHTTP1 alone, to compare what they cost.
        .executableTarget(
            name: "ingest-listeners",
            dependencies: [
                .product(name: "CollectorHTTP", package: "tracemend"),
                .product(name: "Collector", package: "tracemend"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ])
    ]
)
