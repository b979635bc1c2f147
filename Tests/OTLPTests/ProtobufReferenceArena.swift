import CProtobufC
import OTLPReference

/// Owns the C messages that a test builds, until it is gone.
final class ReferenceArena {
    typealias Value = Opentelemetry__Proto__Common__V1__AnyValue
    typealias KeyValueMessage = Opentelemetry__Proto__Common__V1__KeyValue

    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { block.deallocate() } }

    private func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T> {
        let pointer = UnsafeMutablePointer<T>.allocate(capacity: max(count, 1))
        blocks.append(UnsafeMutableRawPointer(pointer))
        return pointer
    }

    /// A message with its defaults, and then what `configure` sets.
    func message<T>(
        _ initialize: (UnsafeMutablePointer<T>?) -> Void, _ configure: (inout T) -> Void
    ) -> UnsafeMutablePointer<T> {
        let pointer = allocate(T.self, count: 1)
        initialize(pointer)
        configure(&pointer.pointee)
        return pointer
    }

    func list<T>(_ messages: [UnsafeMutablePointer<T>]) -> UnsafeMutablePointer<
        UnsafeMutablePointer<T>?
    > {
        let pointer = allocate(UnsafeMutablePointer<T>?.self, count: messages.count)
        for (index, message) in messages.enumerated() { pointer[index] = message }
        return pointer
    }

    func text(_ text: String) -> UnsafeMutablePointer<CChar> {
        let bytes = text.utf8CString
        let pointer = allocate(CChar.self, count: bytes.count)
        for (index, byte) in bytes.enumerated() { pointer[index] = byte }
        return pointer
    }

    func data(_ bytes: [UInt8]) -> ProtobufCBinaryData {
        let pointer = allocate(UInt8.self, count: bytes.count)
        for (index, byte) in bytes.enumerated() { pointer[index] = byte }
        return ProtobufCBinaryData(len: bytes.count, data: pointer)
    }

    func attributes(
        _ entries: KeyValuePairs<String, UnsafeMutablePointer<Value>?>
    ) -> (Int, UnsafeMutablePointer<UnsafeMutablePointer<KeyValueMessage>?>) {
        let messages = entries.map { key, value in
            message(opentelemetry__proto__common__v1__key_value__init) { entry in
                entry.key = text(key)
                entry.value = value
            }
        }
        return (messages.count, list(messages))
    }

    func value(_ configure: (inout Value) -> Void) -> UnsafeMutablePointer<Value> {
        message(opentelemetry__proto__common__v1__any_value__init, configure)
    }

    func value(_ string: String) -> UnsafeMutablePointer<Value> {
        value {
            $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE
            $0.string_value = text(string)
        }
    }

    func value(_ number: Int64) -> UnsafeMutablePointer<Value> {
        value {
            $0.value_case = OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_INT_VALUE
            $0.int_value = number
        }
    }
}
