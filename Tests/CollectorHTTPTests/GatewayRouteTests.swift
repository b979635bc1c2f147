import Testing

@testable import CollectorHTTP

@Suite struct GatewayRouteTests {
    struct Row: CustomTestStringConvertible {
        var method: String
        /// With a query.
        var path: String
        var body = ""
        /// The rollout and the attempt that the store must have before; nil for none.
        var delivers: [String?]?

        var testDescription: String { "\(method) \(path) \(body)" }
    }

    @Test(arguments: [
        Row(method: "GET", path: "/v1/agl/health"),
        Row(method: "POST", path: "/v1/agl/rollouts", body: #"{"status":"succeeded"}"#),
        Row(method: "POST", path: "/v1/agl/rollouts/search", body: #"{"status":"succeeded"}"#),
        Row(method: "GET", path: "/v1/agl/rollouts/ro/attempts/at"),
        Row(
            method: "POST", path: "/v1/agl/rollouts/ro/attempts/at", body: #"{"status":"running"}"#),
        Row(method: "POST", path: "/v1/agl/rollouts/ro/attempts/at", body: "no JSON"),
        Row(
            method: "POST", path: "/v1/agl/rollouts/ro/attempts/search",
            body: #"{"status":"failed"}"#),
        Row(
            method: "POST", path: "/v1/agl/rollouts/r%2Fo/attempts/at",
            body: #"{"status":"succeeded"}"#, delivers: ["r/o", "at"]),
        Row(
            method: "POST", path: "/v1/agl/rollouts/ro/attempts/latest",
            body: #"{"status":"failed"}"#, delivers: ["ro", nil]),
        Row(
            method: "POST", path: "/v1/agl/rollouts/ro", body: #"{"status":"cancelled"}"#,
            delivers: ["ro", nil]),
        Row(
            method: "GET", path: "/v1/agl/spans?rollout_id=ro&attempt_id=at&limit=-1",
            delivers: ["ro", "at"]),
        Row(method: "GET", path: "/v1/agl/spans?rollout_id=ro", delivers: ["ro", nil]),
        Row(method: "GET", path: "/v1/agl/spans"),
        Row(method: "POST", path: "/v1/agl/spans", body: #"{"rollout_id":"ro"}"#),
        Row(method: "POST", path: "/v1/agl/spans/next", body: #"{"rollout_id":"ro"}"#),
        Row(
            method: "POST", path: "/v1/agl/spans/search",
            body: #"{"rollout_id":"ro","attempt_id":"latest"}"#, delivers: ["ro", nil]),
        Row(
            method: "POST", path: "/v1/agl/spans/search",
            body: #"{"rollout_id":"ro","attempt_id":"at"}"#, delivers: ["ro", "at"]),
        Row(method: "POST", path: "/v1/agl/spans/search", body: "{}"),
        Row(method: "POST", path: "/v1/agl/spans/search", body: #"{"rollout_id":7}"#),
    ])
    func aRequestTellsWhichRunsTheStoreMustHave(_ row: Row) throws {
        let parts = row.path.split(separator: "?", maxSplits: 1)
        let query = parts.count == 2 ? parts[1].split(separator: "&") : []
        let route = try #require(
            GatewayRoute(method: row.method, path: String(parts[0])) { name in
                query.first { $0.hasPrefix("\(name)=") }.map {
                    String($0.dropFirst(name.count + 1))
                }
            })
        let runs = route.runsToDeliver(body: Array(row.body.utf8))
        #expect(runs.map { [$0.rollout, $0.attempt] } == row.delivers)
        #expect(route.needsBody || row.body.isEmpty || row.delivers == nil)
    }

    @Test(arguments: ["/v1/traces", "/v1/aglx", "/api/runs", "/", "/v1"])
    func otherPathsAreNotTheStores(path: String) {
        #expect(GatewayRoute(method: "GET", path: path, query: { _ in nil }) == nil)
    }

    @Test(arguments: [
        ([], ["connection", "te", "upgrade", "transfer-encoding", "keep-alive"]),
        (["X-One , x-two", "Close"], ["x-one", "x-two", "close", "connection"]),
    ])
    func aConnectionNamesTheFieldsThatAreItsOwn(connection: [String], expected: [String]) {
        #expect(HopByHop.fields(connection: connection).isSuperset(of: expected))
    }
}
