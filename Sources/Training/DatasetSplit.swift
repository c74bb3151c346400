import Interchange
import Recipes

/// A share of pictures that is held out of a data set without a held-out part: as much of every class, chosen by a seed.
public struct DatasetSplit: Equatable, Sendable {
    /// More than 0 and less than 1.
    public let share: Double
    public let seed: UInt64

    /// Takes a share, which must be more than 0 and less than 1.
    public init(share: Double, seed: UInt64) {
        precondition(share > 0 && share < 1, "a share of \(share) cannot be held out")
        self.share = share
        self.seed = seed
    }

    /// The pictures of one part, by their places, which ascend: a function of the labels and the seed alone.
    ///
    /// Of a class's pictures the share is rounded to a whole number, of 2 or more at least one is held out and one is not, and a single one is
    /// learned from. `path` names the data where none can be held out.
    func places(_ part: Dataset.Part, labels: [Int32], path: String) throws(InterchangeError) -> [Int] {
        let classes = Dictionary(grouping: labels.indices) { labels[$0] }
        var heldOut = [Bool](repeating: false, count: labels.count)
        for (label, places) in classes where places.count > 1 {
            var (places, random) = (places, CounterGenerator(seed: seed, .split, Int(label)))
            let count = min(max(Int((share * Double(places.count)).rounded()), 1), places.count - 1)
            // The first places of a random permutation (Fisher-Yates).
            for index in 0..<count {
                places.swapAt(index, index + random.below(places.count - index))
                heldOut[places[index]] = true
            }
        }
        guard heldOut.contains(true) else {
            throw InterchangeError(path, "no picture can be held out, for no class has two", repair: "add pictures, or a held-out part")
        }
        return labels.indices.filter { heldOut[$0] == (part == .heldOut) }
    }
}

/// What weights remember of a split: which share was held out, and how many pictures that were.
public struct HeldOutShare: Equatable, Sendable {
    public var split: DatasetSplit
    public var count: Int

    public init(split: DatasetSplit, count: Int) {
        self.split = split
        self.count = count
    }

    /// The text in the metadata of weights: `0.1 seed 7 count 120`.
    var text: String { "\(split.share) seed \(split.seed) count \(count)" }

    /// Reads the text; nil where it is damaged.
    init?(text: String) {
        let words = text.split(separator: " ")
        guard words.count == 5, words[1] == "seed", words[3] == "count", let share = Double(words[0]), share > 0, share < 1,
            let seed = UInt64(words[2]), let count = Int(words[4]), count > 0
        else { return nil }
        self.init(split: DatasetSplit(share: share, seed: seed), count: count)
    }
}
