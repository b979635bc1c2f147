public import OTLP

extension RepairCase {
    /// A run of many damaged cases, one after the other, of about so many spans.
    public static func large(_ damage: DamageKind, spans count: Int, seed: UInt64) -> TraceBatch {
        var gatherer = TraceBatchGatherer(keys: .none)
        var gathered = 0
        var place: UInt64 = 0
        while gathered < count {
            let programs = damage.programs
            var batch = make(
                programs[Int(place) % programs.count], damage, seed: seed &* 7_919 &+ place
            ).batch
            for span in batch.spans.indices {
                batch.spans[span].startTimeUnixNano += place * 600_000_000_000
                batch.spans[span].endTimeUnixNano += place * 600_000_000_000
            }
            guard (try? gatherer.add(spans: batch.spans.indices, of: batch)) != nil else { break }
            gathered += batch.spans.count
            place += 1
        }
        return gatherer.finish()
    }
}
