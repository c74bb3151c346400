/// How many pictures a network compares at once. All are of one type; the first is each picture of the data in turn, and those behind it are
/// drawn for it.
public enum PictureTuple: Int, Equatable, Sendable {
    case single = 1
    /// Beside each picture another, half of the time of the same class and half of the time of another one (Koch, Zemel and Salakhutdinov,
    /// "Siamese Neural Networks for One-shot Image Recognition", 2015).
    case pair = 2
    /// An anchor, one of its class, and one of another class (Schroff, Kalenichenko and Philbin, arXiv 1503.03832).
    case triplet = 3

    /// The number of pictures.
    public var count: Int { rawValue }

    /// What several are called.
    var plural: String {
        switch self {
        case .single: "pictures"
        case .pair: "pairs of pictures"
        case .triplet: "triplets of pictures"
        }
    }
}

extension PictureTuple {
    /// Checks that a training can be fed with such tuples: it tells of pairs whether both are of the same class, and of triplets nothing.
    func require(_ targets: [(name: String, target: TrainingTarget)], of network: String) throws(TrainingError) {
        switch self {
        case .single: break
        case .pair:
            let repair = "declare it as f32[N] or f32[N, 1]: 1 where both are of the same class, 0 elsewhere"
            if let (name, _) = targets.first(where: { $0.target != .numbers(1) }) {
                throw TrainingError(
                    "'\(network)' takes \(plural), of which only one number is known, which the target '\(name)' is not", repair: repair)
            }
            if targets.isEmpty {
                throw TrainingError(
                    "'\(network)' takes \(plural), but nothing tells its loss which are of the same class",
                    repair: "add a target f32[N] or f32[N, 1]: 1 where both are of the same class, 0 elsewhere")
            }
        case .triplet:
            if let (name, _) = targets.first {
                throw TrainingError(
                    "'\(network)' takes \(plural), and nothing is known to feed the target '\(name)' with: "
                        + "the second is always of the class of the first, the third never",
                    repair: "leave the target out, and write the loss of the outputs alone")
            }
        }
    }

    /// Checks that such tuples can be drawn from one part of data.
    public func require(_ dataset: Dataset, _ part: Dataset.Part) throws(TrainingError) {
        if self == .single { return }
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        for label in dataset.labels { counts[Int(label)] += 1 }
        let seen = counts.indices.filter { counts[$0] > 0 }
        guard seen.count > 1 else {
            let found = seen.first.map { "all \(part.adjective) pictures of \(dataset.name) are of the class '\(dataset.classNames[$0])'" }
            throw TrainingError(
                "\(found ?? "\(dataset.name) has no \(part.adjective) pictures"), and \(plural) take several classes",
                repair: "name data of at least two classes in both of their parts")
        }
        guard counts.contains(where: { $0 > 1 }) else {
            throw TrainingError(
                "no class of \(dataset.name) has two \(part.adjective) pictures, and \(plural) take two of the same class",
                repair: "name data with several pictures a class in both of their parts")
        }
    }
}
