import OTLP

extension SceneWriter {
    /// A request to a service and what it does there; returns the client's end.
    mutating func request(_ service: Int, from start: UInt64, _ place: Place) -> UInt64 {
        let item = random.number(1...40)
        let method = random.pick(["GET", "GET", "POST"])
        let path = random.pick(["items", "orders", "users"])
        let port = 8_000 + service
        let client = open(
            .client, method, scope: "opentelemetry.instrumentation.requests", at: start, place,
            kind: 3)
        tell(
            client,
            [
                KeyValue("http.request.method", .string(method)),
                KeyValue("url.full", .string("http://10.0.0.7:\(port)/\(path)/\(item)?verbose=1")),
                KeyValue("server.address", "10.0.0.7"), KeyValue("server.port", .int(Int64(port))),
                KeyValue("http.response.status_code", 200),
            ])
        let server = open(
            .server, "\(method) /\(path)/{i}", scope: "opentelemetry.instrumentation.fastapi",
            at: start + random.span(100, 4_000),
            Place(below: client, process: service, thread: thread()), kind: 2)
        tell(
            server,
            [
                KeyValue("http.request.method", .string(method)),
                KeyValue("url.path", .string("/\(path)/\(item)")),
                KeyValue("http.route", .string("/\(path)/{i}")),
                KeyValue("server.port", .int(Int64(port))),
                KeyValue("http.response.status_code", 200),
            ])
        remember(client, "\(method) /\(path)/\(item) \(port)")
        remember(server, "\(method) /\(path)/\(item) \(port)")
        let below = Place(below: server, process: service, thread: lastThread)
        var now = scene.start(server) + pause()
        let load = open(.step, "load item", scope: "app", at: now, below)
        for name in ["select", "update"].prefix(random.number(1...2)) {
            now += pause()
            let query = open(
                .database, name, scope: "opentelemetry.instrumentation.sqlite3", at: now,
                Place(below: load, process: service, thread: lastThread), kind: 3)
            tell(query, [KeyValue("db.system.name", "sqlite")])
            now += random.span(200, 20_000)
            close(query, at: now)
        }
        now += pause()
        close(load, at: now)
        now += random.span(100, 60_000)
        close(server, at: now)
        // A proxy may still be sending when its client has what it wants.
        let isLate = random.chance(0.1)
        let end = isLate ? now - min(30_000, pause()) : now + random.span(100, 4_000)
        close(client, at: end)
        return max(end, now)
    }
}
