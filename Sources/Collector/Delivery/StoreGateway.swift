/// The LightningStore that the API listener stands in front of.
public struct StoreGateway: Sendable {
    /// The name of its sink.
    public var sink: String
    /// Its address, without a slash at the end.
    public var url: String
    /// Sent with every request, in order.
    public var headers: [(name: String, value: String)]
    /// Bytes of a request body that is passed on.
    public var bodyLimit: Int

    init(_ sink: SinkConfiguration, bodyLimit: Int) {
        self.sink = sink.name
        var root = sink.endpoint[...]
        while root.hasSuffix("/") { root.removeLast() }
        url = String(root)
        headers = sink.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value.value) }
        self.bodyLimit = bodyLimit
    }
}
