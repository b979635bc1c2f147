extension Score {
    /// The score as text: a row a kind.
    public var table: String {
        var lines = ["damage            links  right  precision | undecided  right  not wrong"]
        var total = Tally()
        for kind in DamageKind.allCases {
            guard decided[kind] != nil || undecided[kind] != nil else { continue }
            let sure = decided[kind] ?? Tally()
            let open = undecided[kind] ?? Tally()
            total.add(sure)
            lines.append(
                pad(kind.rawValue, 16) + number(sure.all) + "  " + share(sure.right, sure.all)
                    + "      " + share(sure.movedRight, sure.moved) + " | " + number(open.all)
                    + "   " + share(open.right, open.all) + "      " + share(open.near, open.all))
        }
        lines.append(
            pad("all", 16) + number(total.all) + "  " + share(total.right, total.all) + "      "
                + share(total.movedRight, total.moved))
        lines.append(
            pad("undamaged", 16) + number(undamaged.all) + " "
                + share(undamaged.right, undamaged.all, 5))
        lines.append(
            pad("twins counted", 16) + number(twins.all) + "  " + share(twins.right, twins.all))
        return lines.joined(separator: "\n")
    }

    /// Of the links that moved, how many are right, by confidence.
    public var calibrationTable: String {
        var lines = ["confidence   moved  right"]
        for (step, tally) in calibration.enumerated() where tally.moved > 0 {
            lines.append(
                "from " + pad(fixed(Double(step) / 20, 2), 6) + number(tally.moved) + "  "
                    + share(tally.movedRight, tally.moved))
        }
        var sure = Tally()
        for tally in calibration[18...] { sure.add(tally) }
        lines.append(">= 0.90    " + number(sure.moved) + "  " + share(sure.movedRight, sure.moved))
        return lines.joined(separator: "\n")
    }

    private func share(_ part: Int, _ all: Int, _ digits: Int = 3) -> String {
        all == 0 ? pad("-", digits + 2) : fixed(Double(part) / Double(all), digits)
    }

    private func fixed(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * Double(scale)).rounded(.down))
        let rest = String(whole % scale)
        return "\(whole / scale)." + String(repeating: "0", count: digits - rest.count) + rest
    }

    private func number(_ value: Int) -> String {
        let text = String(value)
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
