public import OTLP

/// How far one sink is with one run that was asked to be closed.
public struct DeliveryState: Hashable, Sendable {
    public var sink: String
    public var state: String
    public var isDelivered: Bool
    public var error: String?

    public var json: JSONValue {
        [
            "sink": .string(sink),
            "state": .string(state),
            "error": error.map { .string($0) } ?? .null,
        ]
    }
}
