import OTLP
import OTLPReference
import Testing

@Suite("A request with every field of the schema")
struct ProtobufAllFieldsTests {
    let body = AllFields.body()

    @Test("every record holds what libprotobuf-c wrote")
    func records() throws {
        let batch = try TraceBatch(protobuf: body)
        let resource = try #require(batch.resources.first)
        #expect(resource.hasResource)
        #expect(resource.droppedAttributesCount == 1)
        #expect(batch.string(resource.schemaURL) == "https://resource")
        #expect(batch.keyValues(resource.attributes) == [KeyValue("service.name", "agent")])

        let scope = try #require(batch.scopes.first)
        #expect(scope.hasScope)
        #expect(scope.resource == 0)
        #expect(batch.string(scope.name) == "library")
        #expect(batch.string(scope.version) == "1.2")
        #expect(scope.droppedAttributesCount == 2)
        #expect(batch.string(scope.schemaURL) == "https://scope")
        #expect(batch.keyValues(scope.attributes) == [KeyValue("kind", 7)])

        let span = try #require(batch.spans.first)
        #expect(span.scope == 0)
        #expect(span.traceID.description == "000102030405060708090a0b0c0d0e0f")
        #expect(span.spanID.description == "1011121314151617")
        #expect(span.parentSpanID.description == "2021222324252627")
        #expect(batch.string(span.traceState) == "vendor=1")
        #expect(batch.string(span.name) == "chat")
        #expect(span.kind == 3)
        #expect(span.startTimeUnixNano == 1_700_000_000_000_000_001)
        #expect(span.endTimeUnixNano == 1_700_000_000_000_000_002)
        #expect(span.droppedAttributesCount == 3)
        #expect(span.droppedEventsCount == 4)
        #expect(span.droppedLinksCount == 5)
        #expect(span.flags == 0x0301)
        #expect(span.hasStatus)
        #expect(span.statusCode == 2)
        #expect(batch.string(span.statusMessage) == "failed")
        #expect(batch.keyValues(span.attributes) == AllFields.values)

        let event = batch.events[Int(span.events.start)]
        #expect(span.events.count == 1)
        #expect(event.timeUnixNano == 1_700_000_000_000_000_003)
        #expect(batch.string(event.name) == "exception")
        #expect(event.droppedAttributesCount == 6)
        #expect(batch.keyValues(event.attributes) == [KeyValue("exception.type", "E")])

        let link = batch.links[Int(span.links.start)]
        #expect(span.links.count == 1)
        #expect(link.traceID.description == "303132333435363738393a3b3c3d3e3f")
        #expect(link.spanID.description == "4041424344454647")
        #expect(batch.string(link.traceState) == "other=2")
        #expect(link.droppedAttributesCount == 7)
        #expect(link.flags == 0x0201)
        #expect(batch.keyValues(link.attributes) == [KeyValue("why", "retry")])
    }

    @Test("it is encoded to the bytes that libprotobuf-c wrote")
    func roundTrip() throws {
        #expect(try TraceBatch(protobuf: body).protobuf() == body)
    }

    @Test("values that are built encode to what libprotobuf-c writes")
    func built() throws {
        var batch = try TraceBatch(protobuf: body)
        batch.spans[0].attributes = batch.append(keyValues: AllFields.values)
        #expect(batch.protobuf() == body)
    }

    @Test("cut at any byte it is refused, or a shorter request; nothing traps")
    func truncation() throws {
        var accepted = 0
        for end in body.indices {
            let cut = Array(body[..<end])
            guard let batch = try? TraceBatch(protobuf: cut) else { continue }
            accepted += 1
            #expect(batch.protobuf() == cut)
        }
        // One message holds all: only the empty body ends between two fields of the request.
        #expect(accepted == 1)
    }

    @Test("a span cut at any byte is refused with an offset within the body, or is shorter")
    func spanTruncation() throws {
        let batch = try TraceBatch(protobuf: body)
        let span = AllFields.spanBytes(of: batch)
        var accepted = 0
        for end in span.indices {
            let cut = Wire.request(span: Array(span[..<end]))
            do {
                #expect(try TraceBatch(protobuf: cut).protobuf() == cut)
                accepted += 1
            } catch {
                #expect((0...cut.count).contains(error.offset), "\(error)")
                #expect(!error.location.isEmpty, "\(error)")
            }
        }
        // A cut in front of any of the span's 23 fields, the first included.
        #expect(accepted == 23)
    }
}

enum AllFields {
    /// One attribute of every kind.
    static let values: [KeyValue] = [
        KeyValue("string", "text"), KeyValue("bool", true), KeyValue("int", -5),
        KeyValue("double", 2.5), KeyValue("bytes", .bytes([0, 255])),
        KeyValue("array", ["a", 1, .empty]),
        KeyValue("list", .keyValueList([KeyValue("inner", ["deep"])])),
        KeyValue("empty", .empty),
    ]

    /// The content of the only span's message.
    static func spanBytes(of batch: TraceBatch) -> [UInt8] {
        var alone = batch
        alone.resources[0] = ResourceRecord()
        alone.scopes[0] = ScopeRecord(resource: 0)
        // Three messages around it, whose tags and lengths take three bytes each.
        return Array(alone.protobuf().dropFirst(9))
    }

    static func body() -> [UInt8] {
        let arena = ReferenceArena()
        let event = arena.message(opentelemetry__proto__trace__v1__span__event__init) {
            $0.time_unix_nano = 1_700_000_000_000_000_003
            $0.name = arena.text("exception")
            ($0.n_attributes, $0.attributes) = arena.attributes([
                "exception.type": arena.value("E")
            ])
            $0.dropped_attributes_count = 6
        }
        let link = arena.message(opentelemetry__proto__trace__v1__span__link__init) {
            $0.trace_id = arena.data(Array(0x30...0x3F))
            $0.span_id = arena.data(Array(0x40...0x47))
            $0.trace_state = arena.text("other=2")
            ($0.n_attributes, $0.attributes) = arena.attributes(["why": arena.value("retry")])
            $0.dropped_attributes_count = 7
            $0.flags = 0x0201
        }
        let status = arena.message(opentelemetry__proto__trace__v1__status__init) {
            $0.message = arena.text("failed")
            $0.code = OPENTELEMETRY__PROTO__TRACE__V1__STATUS__STATUS_CODE__STATUS_CODE_ERROR
        }
        let span = arena.message(opentelemetry__proto__trace__v1__span__init) {
            $0.trace_id = arena.data(Array(0x00...0x0F))
            $0.span_id = arena.data(Array(0x10...0x17))
            $0.trace_state = arena.text("vendor=1")
            $0.parent_span_id = arena.data(Array(0x20...0x27))
            $0.name = arena.text("chat")
            $0.kind = OPENTELEMETRY__PROTO__TRACE__V1__SPAN__SPAN_KIND__SPAN_KIND_CLIENT
            $0.start_time_unix_nano = 1_700_000_000_000_000_001
            $0.end_time_unix_nano = 1_700_000_000_000_000_002
            ($0.n_attributes, $0.attributes) = attributes(arena)
            $0.dropped_attributes_count = 3
            ($0.n_events, $0.events) = (1, arena.list([event]))
            $0.dropped_events_count = 4
            ($0.n_links, $0.links) = (1, arena.list([link]))
            $0.dropped_links_count = 5
            $0.status = status
            $0.flags = 0x0301
        }
        let scope = arena.message(opentelemetry__proto__common__v1__instrumentation_scope__init) {
            $0.name = arena.text("library")
            $0.version = arena.text("1.2")
            ($0.n_attributes, $0.attributes) = arena.attributes(["kind": arena.value(7)])
            $0.dropped_attributes_count = 2
        }
        let scopeSpans = arena.message(opentelemetry__proto__trace__v1__scope_spans__init) {
            $0.scope = scope
            ($0.n_spans, $0.spans) = (1, arena.list([span]))
            $0.schema_url = arena.text("https://scope")
        }
        let resource = arena.message(opentelemetry__proto__resource__v1__resource__init) {
            ($0.n_attributes, $0.attributes) = arena.attributes([
                "service.name": arena.value("agent")
            ])
            $0.dropped_attributes_count = 1
        }
        let resourceSpans = arena.message(opentelemetry__proto__trace__v1__resource_spans__init) {
            $0.resource = resource
            ($0.n_scope_spans, $0.scope_spans) = (1, arena.list([scopeSpans]))
            $0.schema_url = arena.text("https://resource")
        }
        let request = arena.message(
            opentelemetry__proto__collector__trace__v1__export_trace_service_request__init
        ) {
            ($0.n_resource_spans, $0.resource_spans) = (1, arena.list([resourceSpans]))
        }
        return withExtendedLifetime(arena) { Reference.packed(request) }
    }

    private static func attributes(
        _ arena: ReferenceArena
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<ReferenceArena.KeyValueMessage>?>) {
        let array = arena.message(opentelemetry__proto__common__v1__array_value__init) {
            let elements = [arena.value("a"), arena.value(1), arena.value { _ in }]
            ($0.n_values, $0.values) = (elements.count, arena.list(elements))
        }
        let inner = arena.message(opentelemetry__proto__common__v1__array_value__init) {
            ($0.n_values, $0.values) = (1, arena.list([arena.value("deep")]))
        }
        let list = arena.message(opentelemetry__proto__common__v1__key_value_list__init) {
            ($0.n_values, $0.values) = arena.attributes([
                "inner": arena.value {
                    $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE
                    $0.array_value = inner
                }
            ])
        }
        return arena.attributes([
            "string": arena.value("text"),
            "bool": arena.value {
                $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE
                $0.bool_value = 1
            },
            "int": arena.value(-5),
            "double": arena.value {
                $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_DOUBLE_VALUE
                $0.double_value = 2.5
            },
            "bytes": arena.value {
                $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BYTES_VALUE
                $0.bytes_value = arena.data([0, 255])
            },
            "array": arena.value {
                $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_ARRAY_VALUE
                $0.array_value = array
            },
            "list": arena.value {
                $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_KVLIST_VALUE
                $0.kvlist_value = list
            },
            "empty": arena.value { _ in },
        ])
    }
}
