import OTLP
import Testing

/// One rule of the wire format, with what must become of a body.
struct WireRule: CustomTestStringConvertible, Sendable {
    enum Outcome: Sendable {
        /// Encoded to these bytes.
        case becomes([UInt8])
        /// Encoded to the bytes that came.
        case stays
        /// Refused, with this text somewhere in the error.
        case refused(String)
    }

    var name: String
    var body: [UInt8]
    var outcome: Outcome

    init(_ name: String, _ body: [UInt8], _ outcome: Outcome) {
        self.name = name
        self.body = body
        self.outcome = outcome
    }

    var testDescription: String { name }
}

/// The names are those of protobuf's conformance suite, where it has the case.
@Suite("The rules of the protobuf wire format")
struct ProtobufRuleTests {
    @Test("each rule holds", arguments: varints + fieldsAndTypes + groups + ends + merging + values)
    func rule(_ rule: WireRule) throws {
        switch rule.outcome {
        case .stays: #expect(try TraceBatch(protobuf: rule.body).protobuf() == rule.body)
        case .becomes(let expected):
            #expect(try TraceBatch(protobuf: rule.body).protobuf() == expected)
        case .refused(let text):
            let error = #expect(throws: DecodingError.self) {
                try TraceBatch(protobuf: rule.body)
            }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
            #expect(error?.isLimit == false)
        }
    }

    static let eleven = Array(repeating: UInt8(0x80), count: 10) + [0]

    static let varints: [WireRule] = [
        WireRule(
            "E1 BadTag_VarintMoreThanTenBytes", Wire.request(span: eleven + [0]),
            .refused("varint of at most 10 bytes")),
        WireRule(
            "E1 a value of more than ten bytes", Wire.request(span: Wire.tag(6, 0) + eleven),
            .refused("Span.kind at byte 7: expected a varint of at most 10 bytes")),
        WireRule(
            "E1 ValidDataScalar.INT32 with a long varint",
            Wire.request(span: Wire.tag(6, 0) + Wire.long(3, extra: 7)),
            .becomes(Wire.request(span: Wire.number(6, 3)))),
        WireRule(
            "E1 the tenth byte's high bits are dropped",
            Wire.request(
                value: Wire.tag(3, 0) + Array(repeating: 0xFF, count: 9) + [0x7F]),
            .becomes(Wire.request(value: Wire.number(3, .max)))),
        WireRule(
            "E1 BadTag_OverlongVarint", Wire.request(span: Wire.long(6 << 3, extra: 8) + [1]),
            .refused("tag of at most 5 bytes")),
        WireRule(
            "E1 a tag of five bytes is not overlong",
            Wire.request(span: Wire.long(6 << 3, extra: 4) + [1]),
            .becomes(Wire.request(span: Wire.number(6, 1)))),
        WireRule(
            "E1 BadTag_FieldNumberSlightlyTooHigh", Wire.request(span: Wire.varint(1 << 32) + [1]),
            .refused("tag of at most 5 bytes and 32 bits")),
        WireRule(
            "E10 an enum of ten bytes is truncated to 32 bits",
            Wire.request(span: Wire.number(6, 1 << 33 | 0xFFFF_FFFF)),
            .becomes(Wire.request(span: Wire.number(6, .max)))),
        WireRule(
            "E10 any varint but zero is true", Wire.request(value: Wire.number(2, 1 << 63)),
            .becomes(Wire.request(value: Wire.number(2, 1)))),
        WireRule(
            "E10 uint32 is truncated", Wire.request(span: Wire.number(10, 1 << 32 | 7)),
            .becomes(Wire.request(span: Wire.number(10, 7)))),
    ]

    static let fieldsAndTypes: [WireRule] =
        (0..<4).map { type in
            WireRule(
                "E2 IllegalZeroFieldNum_Case_\(type)",
                Wire.request(span: [UInt8(type), 1] + Array(repeating: 0, count: 8)),
                .refused("field number from 1"))
        } + [
            WireRule(
                "E2 the highest field number is legal",
                Wire.request(span: Wire.number(1 << 29 - 1, 1)), .stays),
            WireRule(
                "E2 BadTag_FieldNumberTooHigh", Wire.request(span: Wire.number(1 << 30, 1)),
                .refused("tag of at most 5 bytes and 32 bits")),
            WireRule(
                "E3 UnknownWireType6", Wire.request(span: Wire.tag(20, 6) + [0]),
                .refused("wire type from 0 to 5, found 6")),
            WireRule(
                "E3 UnknownWireType7 in a known field", Wire.request(span: Wire.tag(1, 7) + [0]),
                .refused("Span.trace_id")),
            WireRule(
                "E4 UnknownVarint", Wire.request(span: Wire.ids + Wire.number(20, 300)), .stays),
            WireRule(
                "E4 an unknown field of eight bytes",
                Wire.request(span: Wire.ids + Wire.tag(20, 1) + [1, 2, 3, 4, 5, 6, 7, 8]), .stays),
            WireRule(
                "E4 an unknown field of four bytes",
                Wire.request(span: Wire.ids + Wire.tag(20, 5) + [1, 2, 3, 4]), .stays),
            WireRule(
                "E4 an unknown field with a length",
                Wire.request(span: Wire.ids + Wire.bytes(20, [0xFF, 0])), .stays),
            WireRule(
                "E5 a known field of another wire type is unknown",
                Wire.request(span: Wire.number(1, 5) + Wire.ids),
                .becomes(Wire.request(span: Wire.ids + Wire.number(1, 5)))),
            WireRule(
                "E5 a packed field is skipped rightly",
                Wire.request(span: Wire.bytes(6, [1, 2]) + Wire.text(5, "n")),
                .becomes(Wire.request(span: Wire.text(5, "n") + Wire.bytes(6, [1, 2])))),
            WireRule(
                "E15 entity_refs of a resource are kept",
                Wire.request(resourceSpans: Wire.bytes(1, Wire.bytes(3, [10, 1, 65]))), .stays),
            WireRule(
                "E15 key_strindex and string_value_strindex are kept",
                Wire.request(attribute: Wire.bytes(2, Wire.number(8, 4)) + Wire.number(3, 9)),
                .stays),
            WireRule(
                "E15 unknown fields of every message are kept", everyMessageWithUnknownFields,
                .stays),
            WireRule(
                "E16 field 1000 of ResourceSpans is kept",
                Wire.request(resourceSpans: Wire.bytes(1000, [1, 2, 3])), .stays),
            WireRule(
                "E16 the tag of Span.flags has two bytes",
                Wire.request(span: [0x85, 0x01, 0x01, 0x03, 0, 0]), .stays),
        ]

    static let everyMessageWithUnknownFields: [UInt8] = {
        let unknown = Wire.number(99, 7) + Wire.group(98, Wire.text(1, "x"))
        let attribute = Wire.text(1, "k") + Wire.bytes(2, Wire.text(1, "v") + unknown) + unknown
        let event = Wire.bytes(3, attribute) + unknown
        let link = Wire.bytes(1, Array(repeating: 3, count: 16)) + unknown
        let span =
            Wire.ids + Wire.bytes(9, attribute) + Wire.bytes(11, event) + Wire.bytes(13, link)
            + Wire.bytes(15, unknown) + unknown
        let scope = Wire.text(1, "s") + unknown
        let resource = Wire.bytes(1, attribute) + unknown
        let scopeSpans = Wire.bytes(1, scope) + Wire.bytes(2, span) + unknown
        return Wire.bytes(1, Wire.bytes(1, resource) + Wire.bytes(2, scopeSpans) + unknown)
            + unknown
    }()

    static let groups: [WireRule] = [
        WireRule(
            "E4 a group is kept whole",
            Wire.request(
                span: Wire.group(20, Wire.number(1, 1) + Wire.text(2, "x") + Wire.fixed32(3, 1))),
            .stays),
        WireRule(
            "E4 groups in groups are kept",
            Wire.request(span: Wire.group(20, Wire.group(20, Wire.group(5, [])))), .stays),
        WireRule(
            "E4 UnmatchedStartGroup", Wire.request(span: Wire.tag(20, 3) + Wire.number(1, 1)),
            .refused("end of a group, found the end of the message")),
        WireRule(
            "E4 UnmatchedEndGroup", Wire.request(span: Wire.tag(20, 4)),
            .refused("end of a group that did not begin")),
        WireRule(
            "E4 MismatchedGroupTags", Wire.request(span: Wire.tag(20, 3) + Wire.tag(21, 4)),
            .refused("end of the innermost group")),
        WireRule(
            "E4 MismatchedNestedGroupTags",
            Wire.request(
                span: Wire.tag(20, 3) + Wire.tag(21, 3) + Wire.tag(20, 4) + Wire.tag(21, 4)),
            .refused("end of the innermost group")),
        WireRule(
            "E4 a group must not end behind its message",
            Wire.request(scopeSpans: Wire.bytes(2, Wire.tag(20, 3)) + Wire.tag(20, 4)),
            .refused("end of a group, found the end of the message")),
        WireRule(
            "E12 EnforceDepthLimit for groups",
            Wire.request(span: Array(repeating: Wire.tag(20, 3), count: 100_000).flatMap { $0 }),
            .refused("groups at most 100 deep")),
    ]

    static let ends: [WireRule] = [
        WireRule("E6 an empty body is an empty request", [], .stays),
        WireRule(
            "E6 PrematureEofBeforeKnownNonRepeatedValue", Wire.request(span: Wire.tag(6, 0)),
            .refused("Span.kind at byte 7: expected the rest of a varint")),
        WireRule(
            "E6 PrematureEofInsideKnownNonRepeatedValue",
            Wire.request(span: Wire.tag(6, 0) + [0x80]),
            .refused("expected the rest of a varint")),
        WireRule(
            "E6 PrematureEofBeforeUnknownValue", Wire.request(span: Wire.tag(99, 1) + [1, 2, 3]),
            .refused("Span.field 99")),
        WireRule(
            "E6 PrematureEof in a fixed32", Wire.request(span: Wire.tag(16, 5) + [1, 2, 3]),
            .refused("Span.flags")),
        WireRule(
            "E6 PrematureEof inside a tag", Wire.request(span: [0x85]),
            .refused("Span at byte 6: expected the rest of a varint")),
        WireRule(
            "E6 PrematureEofInDelimitedDataForKnownNonRepeatedValue",
            Wire.request(span: Wire.tag(1, 2) + [16, 1, 2]),
            .refused("Span.trace_id at byte 7: length 16 exceeds the 2 bytes left")),
        WireRule(
            "E6 PrematureEofInSubmessageValue: a part may not pass its parent's end",
            Wire.request(
                scopeSpans: Wire.bytes(2, Wire.tag(5, 2) + [9]) + Wire.text(3, "bytes behind")),
            .refused("Span.name at byte 7: length 9 exceeds the 0 bytes left")),
        WireRule(
            "E7 a length of 2^64-1", Wire.request(span: Wire.tag(5, 2) + Wire.varint(.max)),
            .refused("length 18446744073709551615 exceeds the 0 bytes left")),
        WireRule(
            "E7 a length of 2^63", Wire.request(span: Wire.tag(5, 2) + Wire.varint(1 << 63)),
            .refused("length 9223372036854775808 exceeds")),
        WireRule(
            "E7 a length of 2^32-1", Wire.request(span: Wire.tag(1, 2) + Wire.varint(0xFFFF_FFFF)),
            .refused("Span.trace_id at byte 7: length 4294967295 exceeds the 0 bytes left")),
    ]

    static let merging: [WireRule] = [
        WireRule(
            "E8 RepeatedScalarSelectsLast",
            Wire.request(span: Wire.text(5, "first") + Wire.text(5, "last")),
            .becomes(Wire.request(span: Wire.text(5, "last")))),
        WireRule(
            "E8 RepeatedScalarMessageMerge for Resource",
            Wire.request(
                resourceSpans: Wire.bytes(1, Wire.bytes(1, Wire.text(1, "a")))
                    + Wire.bytes(2, Wire.bytes(2, Wire.ids + Wire.bytes(9, Wire.text(1, "s"))))
                    + Wire.bytes(1, Wire.bytes(1, Wire.text(1, "b")) + Wire.number(2, 3))),
            .becomes(
                Wire.request(
                    resourceSpans: Wire.bytes(
                        1,
                        Wire.bytes(1, Wire.text(1, "a")) + Wire.bytes(1, Wire.text(1, "b"))
                            + Wire.number(2, 3))
                        + Wire.bytes(2, Wire.bytes(2, Wire.ids + Wire.bytes(9, Wire.text(1, "s")))))
            )),
        WireRule(
            "E8 RepeatedScalarMessageMerge for InstrumentationScope",
            Wire.request(
                scopeSpans: Wire.bytes(1, Wire.text(1, "name")) + Wire.bytes(1, Wire.text(2, "1"))),
            .becomes(
                Wire.request(scopeSpans: Wire.bytes(1, Wire.text(1, "name") + Wire.text(2, "1"))))),
        WireRule(
            "E8 a number that only the first part of a Status has is kept",
            Wire.request(span: Wire.bytes(15, Wire.number(3, 1)) + Wire.bytes(15, [])),
            .becomes(Wire.request(span: Wire.bytes(15, Wire.number(3, 1))))),
        WireRule(
            "E8 unknown fields of both parts of a Status are kept",
            Wire.request(
                span: Wire.bytes(15, Wire.number(9, 1)) + Wire.bytes(15, Wire.number(9, 2))),
            .becomes(Wire.request(span: Wire.bytes(15, Wire.number(9, 1) + Wire.number(9, 2))))),
        WireRule(
            "E8 RepeatedScalarMessageMerge for Status",
            Wire.request(
                span: Wire.bytes(15, Wire.number(3, 2)) + Wire.bytes(15, Wire.text(2, "why"))),
            .becomes(
                Wire.request(span: Wire.bytes(15, Wire.text(2, "why") + Wire.number(3, 2))))),
        WireRule(
            "E8 RepeatedScalarMessageMerge for KeyValue.value",
            Wire.request(
                attribute: Wire.bytes(2, Wire.text(1, "v")) + Wire.bytes(2, [])
                    + Wire.text(1, "k")),
            .becomes(Wire.request(value: Wire.text(1, "v")))),
        WireRule(
            "E9 ValidDataOneof MultipleValuesForDifferentField",
            Wire.request(value: Wire.text(1, "v") + Wire.number(3, 5)),
            .becomes(Wire.request(value: Wire.number(3, 5)))),
        WireRule(
            "E9 ValidDataOneof.MESSAGE.Merge",
            Wire.request(
                value: Wire.bytes(5, Wire.bytes(1, Wire.number(3, 1)))
                    + Wire.bytes(5, Wire.bytes(1, Wire.number(3, 2)))
                    + Wire.bytes(5, Wire.bytes(1, Wire.number(3, 3)))),
            .becomes(
                Wire.request(
                    value: Wire.bytes(
                        5,
                        Wire.bytes(1, Wire.number(3, 1)) + Wire.bytes(1, Wire.number(3, 2))
                            + Wire.bytes(1, Wire.number(3, 3)))))),
        WireRule(
            "E9 another member between two arrays ends the first",
            Wire.request(
                value: Wire.bytes(5, Wire.bytes(1, Wire.number(3, 1))) + Wire.number(2, 1)
                    + Wire.bytes(5, Wire.bytes(1, Wire.number(3, 2)))),
            .becomes(Wire.request(value: Wire.bytes(5, Wire.bytes(1, Wire.number(3, 2)))))),
        WireRule(
            "E14 fields may come in any order",
            Wire.request(
                resourceSpans: Wire.text(3, "url")
                    + Wire.bytes(
                        2,
                        Wire.bytes(2, Wire.text(5, "n") + Wire.ids)
                            + Wire.bytes(1, Wire.text(1, "scope")))
                    + Wire.bytes(1, Wire.bytes(1, Wire.bytes(2, [16, 1]) + Wire.text(1, "k")))),
            .becomes(
                Wire.request(
                    resourceSpans: Wire.bytes(
                        1, Wire.bytes(1, Wire.text(1, "k") + Wire.bytes(2, [16, 1])))
                        + Wire.bytes(
                            2,
                            Wire.bytes(1, Wire.text(1, "scope"))
                                + Wire.bytes(2, Wire.ids + Wire.text(5, "n")))
                        + Wire.text(3, "url")))),
        WireRule(
            "E14 attributes between events stay the span's",
            Wire.request(
                span: Wire.bytes(9, Wire.text(1, "a"))
                    + Wire.bytes(11, Wire.bytes(3, Wire.text(1, "x")))
                    + Wire.bytes(9, Wire.text(1, "b"))
                    + Wire.bytes(13, Wire.bytes(4, Wire.text(1, "y")))
                    + Wire.bytes(11, Wire.text(2, "e")) + Wire.bytes(9, Wire.text(1, "c"))),
            .becomes(
                Wire.request(
                    span: Wire.bytes(9, Wire.text(1, "a")) + Wire.bytes(9, Wire.text(1, "b"))
                        + Wire.bytes(9, Wire.text(1, "c"))
                        + Wire.bytes(11, Wire.bytes(3, Wire.text(1, "x")))
                        + Wire.bytes(11, Wire.text(2, "e"))
                        + Wire.bytes(13, Wire.bytes(4, Wire.text(1, "y")))))),
    ]

    static let values: [WireRule] =
        [
            ("string_value", Wire.text(1, "")), ("bool_value", Wire.number(2, 0)),
            ("int_value", Wire.number(3, 0)), ("double_value", Wire.fixed64(4, 0)),
            ("array_value", Wire.bytes(5, [])), ("kvlist_value", Wire.bytes(6, [])),
            ("bytes_value", Wire.bytes(7, [])),
        ].map { WireRule("E9 OneofZero: \($0) survives", Wire.request(value: $1), .stays) } + [
            WireRule(
                "E13 an attribute without value", Wire.request(attribute: [10, 1, 65]), .stays),
            WireRule("E13 an attribute with an empty value", Wire.request(value: []), .stays),
            WireRule("E13 ResourceSpans without anything", Wire.request(resourceSpans: []), .stays),
            WireRule(
                "E13 empty messages that are present",
                [10, 12, 10, 0, 18, 8, 10, 0, 18, 4, 122, 0, 90, 0],
                .becomes([10, 12, 10, 0, 18, 8, 10, 0, 18, 4, 90, 0, 122, 0])),
            WireRule(
                "E11 a string that is not UTF-8 is repaired",
                Wire.request(span: Wire.bytes(5, [0x61, 0xFF, 0x62])),
                .becomes(Wire.request(span: Wire.text(5, "a\u{FFFD}b")))),
            WireRule(
                "E11 a string cut within a character, in a nested value",
                Wire.request(
                    value: Wire.bytes(
                        5,
                        Wire.bytes(1, Wire.bytes(1, [0xE3, 0x81])) + Wire.number(9, 1)
                            + Wire.bytes(1, Wire.bytes(6, Wire.bytes(1, Wire.bytes(1, [0xC3])))))),
                .becomes(
                    Wire.request(
                        value: Wire.bytes(
                            5,
                            Wire.bytes(1, Wire.text(1, "\u{FFFD}")) + Wire.number(9, 1)
                                + Wire.bytes(
                                    1, Wire.bytes(6, Wire.bytes(1, Wire.text(1, "\u{FFFD}")))))))),
            WireRule(
                "E11 bytes need not be UTF-8", Wire.request(value: Wire.bytes(7, [0xFF, 0xFE])),
                .stays),
            WireRule(
                "E17 keys may repeat, values may be of any kind",
                Wire.request(
                    span: Wire.ids
                        + Wire.bytes(9, Wire.text(1, "k") + Wire.bytes(2, Wire.number(3, 1)))
                        + Wire.bytes(
                            9,
                            Wire.text(1, "k")
                                + Wire.bytes(
                                    2,
                                    Wire.bytes(
                                        5, Wire.bytes(1, []) + Wire.bytes(1, Wire.text(1, "x"))))
                        )),
                .stays),
        ]
}
