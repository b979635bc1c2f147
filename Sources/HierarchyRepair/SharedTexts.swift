/// Which spans tell the same rare texts: ids, messages, results.
///
/// Made only when a choice has to be made that times do not decide, since it reads all texts.
struct SharedTexts {
    /// For each span hashes of what it tells, without repetition.
    private var texts: [[UInt64]]
    private var holders: [UInt64: [Int]] = [:]

    /// Texts that more spans tell say nothing about one of them.
    static let holderLimit = 96
    static let textLimit = 64

    init(_ forest: RepairForest) {
        texts = forest.source.map { source in
            source.map { Array(Set(forest.texts($0)).sorted().prefix(Self.textLimit)) } ?? []
        }
        var count: [UInt64: Int] = [:]
        for own in texts { for text in own { count[text, default: 0] += 1 } }
        for (span, own) in texts.enumerated() {
            for text in own {
                guard let count = count[text], count > 1, count <= Self.holderLimit else {
                    continue
                }
                holders[text, default: []].append(span)
            }
        }
        texts = texts.map { own in own.filter { holders[$0] != nil } }
    }

    func texts(of span: Int) -> [UInt64] { texts[span] }

    func holders(of text: UInt64) -> [Int] { holders[text] ?? [] }

    /// How many texts two spans tell that hardly any other span tells.
    func rareTexts(of left: Int, and right: Int) -> Int {
        let own = Set(texts[right])
        return texts[left].count { own.contains($0) && (holders[$0]?.count ?? 0) <= 4 }
    }
}
