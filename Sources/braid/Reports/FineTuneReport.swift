import Training

/// What `braid fine-tune` did, as `--json` tells it.
struct FineTuneRecord: Encodable {
    var classes: Int
    /// Parameters that began anew.
    var anew: [String]
    /// The weights of the head, and all others.
    var head: [String]
    var body: [String]
    var rate: Double
    /// The part with the head alone; nil where it was left out, or was done before.
    var frozen: TrainRecord?
    /// The part with all weights, whose result is that of the tuning.
    var unfrozen: TrainRecord
}

/// Tells what is tuned how, before each part of it.
struct FineTuneReport {
    let isQuiet: Bool
    let phases: Int

    /// - Parameter isCounted: whether the number of classes is the data's, for which other commands need a `-D`.
    func begin(_ tuning: FineTuning, network: String, weights: String, classes: Int, isCounted: Bool) {
        if isQuiet { return }
        let number = "\(Format.grouped(classes)) class\(classes == 1 ? "" : "es")\(isCounted ? " (-D classes=\(classes))" : "")"
        print(Console.bold("tuning \(network)") + " from \(weights)" + (classes > 0 ? " for \(number)" : ""))
        if tuning.anew.isEmpty {
            print("  head           \(Self.list(tuning.head)), from the file; what --head names begins anew")
        } else {
            print("  begins anew    \(Self.list(tuning.anew))")
            let kept = tuning.head.filter { !tuning.anew.contains($0) }
            if !kept.isEmpty { print("  head, too      \(Self.list(kept)), from the file") }
        }
        print()
    }

    func beginFrozen(_ tuning: FineTuning) {
        if isQuiet { return }
        let frozen = tuning.body.isEmpty ? "" : ", with \(tuning.body.count) weights frozen: \(Self.list(tuning.body))"
        print(Console.bold("1 of \(phases): the head") + frozen)
    }

    func beginUnfrozen() {
        if isQuiet { return }
        print((phases > 1 ? "\n" : "") + Console.bold("\(phases) of \(phases): all weights"))
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(6).joined(separator: ", ") + (names.count > 6 ? ", … and \(names.count - 6) more" : "")
    }
}
