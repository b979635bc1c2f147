/// Values by number, for numbers that are counted up and that nobody can choose to collide.
struct NumberTable<Value: Sendable>: Sendable {
    /// The value of a key that is there; -1 where the slot is free.
    private var slots = [(key: UInt64, place: Int32)](repeating: (0, -1), count: 64)
    private var values: [Value] = []

    var count: Int { values.count }

    subscript(key: UInt64) -> Value? {
        get {
            let place = slots[self.slot(of: key)].place
            return place < 0 ? nil : values[Int(place)]
        }
        set {
            guard let newValue else { return }
            let slot = self.slot(of: key)
            guard slots[slot].place < 0 else {
                values[Int(slots[slot].place)] = newValue
                return
            }
            slots[slot] = (key, Int32(values.count))
            values.append(newValue)
            if values.count * 2 > slots.count { grow() }
        }
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: (0, -1), count: old.count * 2)
        for taken in old where taken.place >= 0 { slots[slot(of: taken.key)] = taken }
    }

    /// Where the key is, or may be put.
    @inline(__always)
    private func slot(of key: UInt64) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[slot].place >= 0, slots[slot].key != key { slot = (slot + 1) & mask }
        return slot
    }
}
