import Foundation
import OTLP

extension RowBinary {
    /// A `Map(String, String)`. As the exporter does, texts stand as they are, everything else as
    /// JSON has it, bytes as base64, and nothing as an empty text.
    mutating func write(_ range: RecordRange, of batch: borrowing TraceBatch) {
        let attributes = batch.attributes(range)
        write(count: attributes.count)
        for attribute in attributes {
            write(batch.bytes(attribute.key))
            write(attribute.value, of: batch)
        }
    }

    private mutating func write(_ value: FlatValue, of batch: borrowing TraceBatch) {
        switch value {
        case .empty: write(count: 0)
        case .string(let slice): write(batch.bytes(slice))
        case .bool(let flag): write(flag ? "true" : "false")
        case .int(let number): write(number.description)
        case .double(let number): write(Self.text(of: number))
        case .bytes(let slice): write(Data(batch.bytes(slice)).base64EncodedString())
        case .array, .keyValueList:
            write(Self.json(of: batch.anyValue(value)).serialized()[...])
        }
    }

    /// Whole numbers stand without a fraction, as JSON's writers in Go and JavaScript have them.
    private static func text(of number: Double) -> String {
        guard number.isFinite else {
            return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
        }
        if number == number.rounded(), let whole = Int64(exactly: number) {
            return whole.description
        }
        return number.description
    }

    private static func json(of value: AnyValue) -> JSONValue {
        switch value {
        case .bytes(let content): .string(Data(content).base64EncodedString())
        case .array(let elements): .array(elements.map(json))
        case .keyValueList(let entries):
            .object(entries.map { JSONValue.Member($0.key, json(of: $0.value)) })
        default: JSONValue(value)
        }
    }
}
