import OTLP

/// Writes a scene span by span.
struct SceneWriter {
    var random: SeededRandom
    var style: Style
    private(set) var scene = Scene(
        batch: TraceBatch(), parent: [], role: [], process: [], thread: [], hints: [])
    private var attributes: [[KeyValue]] = []
    private var resources: [UInt32] = []
    private var scopes: [String: UInt32] = [:]
    private var traces: [TraceID] = []
    private(set) var lastThread = 0

    /// 2025-10-09, as nanoseconds.
    static let epoch: UInt64 = 1_760_000_000_000_000_000

    init(random: SeededRandom, style: Style) {
        self.random = random
        self.style = style
    }

    /// A process and its number.
    mutating func process(service: String) -> Int {
        var resource = ResourceRecord()
        resource.hasResource = true
        var told = [
            KeyValue("telemetry.sdk.language", "python"),
            KeyValue("telemetry.sdk.name", "opentelemetry"),
            KeyValue("telemetry.sdk.version", "1.45.1"),
            KeyValue("service.name", .string(service)),
        ]
        if random.chance(0.75) {
            told.append(KeyValue("service.instance.id", .string(uuid())))
        } else {
            told.append(KeyValue("host.name", .string("node-\(random.number(1...3))")))
            told.append(
                KeyValue("process.pid", .int(Int64(scene.batch.resources.count * 7 + 4_000))))
        }
        resource.attributes = scene.batch.append(keyValues: told)
        scene.batch.resources.append(resource)
        return scene.batch.resources.count - 1
    }

    mutating func thread() -> Int {
        lastThread += 1
        return lastThread
    }

    mutating func uuid() -> String {
        "\(random.hexadecimal(8))-\(random.hexadecimal(4))-4\(random.hexadecimal(3))-"
            + "\(random.hexadecimal(4))-\(random.hexadecimal(12))"
    }

    /// Time that a program spends between two things.
    mutating func pause() -> UInt64 { random.span(20, 3_000) }

    struct Place {
        var below: Int
        var process: Int
        var thread: Int
    }

    mutating func open(
        _ role: Scene.Role, _ name: String, scope: String, at start: UInt64, _ place: Place,
        kind: Int32 = 1
    ) -> Int {
        var span = SpanRecord(scope: scopeIndex(scope, place.process))
        let isRemote = place.below >= 0 && scene.process[place.below] != place.process
        if place.below >= 0 {
            span.traceID = traces[place.below]
            span.parentSpanID = scene.batch.spans[place.below].spanID
        } else {
            span.traceID = TraceID(high: random.next() | 1, low: random.next() | 1)
        }
        span.spanID = SpanID(word: random.next() | 1)
        span.startTimeUnixNano = start
        span.endTimeUnixNano = start
        span.kind = kind
        span.flags = isRemote ? 0x301 : 0x101
        span.name = scene.batch.append(name)
        scene.batch.spans.append(span)
        traces.append(span.traceID)
        scene.parent.append(place.below)
        scene.role.append(role)
        scene.process.append(place.process)
        scene.thread.append(style.tellsThread ? place.thread : 0)
        scene.hints.append([])
        attributes.append([])
        if style.tellsThread {
            attributes[scene.count - 1].append(
                KeyValue("thread.id", .int(Int64(139_000_000 + place.thread * 64))))
        }
        return scene.count - 1
    }

    mutating func close(_ span: Int, at end: UInt64) {
        scene.batch.spans[span].endTimeUnixNano = end
    }

    mutating func tell(_ span: Int, _ told: [KeyValue]) { attributes[span] += told }

    /// An attribute that another span of the run may repeat.
    mutating func hint(_ span: Int, _ key: String, _ text: String) {
        attributes[span].append(KeyValue(key, .string(text)))
        scene.hints[span].append(text)
    }

    mutating func remember(_ span: Int, _ text: String) { scene.hints[span].append(text) }

    mutating func fail(_ span: Int) {
        scene.batch.spans[span].hasStatus = true
        scene.batch.spans[span].statusCode = 2
    }

    mutating func finish() -> Scene {
        for span in attributes.indices {
            scene.batch.spans[span].attributes = scene.batch.append(keyValues: attributes[span])
        }
        attributes = [[KeyValue]](repeating: [], count: scene.count)
        return scene
    }

    private mutating func scopeIndex(_ name: String, _ process: Int) -> UInt32 {
        let key = "\(process)/\(name)"
        if let known = scopes[key] { return known }
        var scope = ScopeRecord(resource: UInt32(process))
        scope.hasScope = true
        scope.name = scene.batch.append(name)
        scene.batch.scopes.append(scope)
        let index = UInt32(scene.batch.scopes.count - 1)
        scopes[key] = index
        return index
    }
}
