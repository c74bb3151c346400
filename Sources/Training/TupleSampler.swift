import Recipes

/// Draws the pictures behind the first of a tuple.
struct TupleSampler: Sendable {
    /// A drawn picture, and whether it is of the class of the first.
    struct Partner: Equatable, Sendable {
        var sample: Int
        var isSame: Bool
    }

    private let tuple: PictureTuple
    private let labels: [Int32]
    /// All pictures, class after class.
    private let samples: [Int32]
    /// Where each class begins among them, and behind the last one their number.
    private let starts: [Int]
    /// Where each picture stands among those of its class.
    private let places: [Int32]

    /// - Parameter dataset: one that `tuple` does not refuse.
    init(_ tuple: PictureTuple, of dataset: Dataset) {
        (self.tuple, labels) = (tuple, dataset.labels)
        var counts = [Int](repeating: 0, count: dataset.classNames.count)
        var places: [Int32] = []
        places.reserveCapacity(dataset.count)
        for label in dataset.labels {
            places.append(Int32(counts[Int(label)]))
            counts[Int(label)] += 1
        }
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        var samples = [Int32](repeating: 0, count: dataset.count)
        for (sample, label) in dataset.labels.enumerated() { samples[starts[Int(label)] + Int(places[sample])] = Int32(sample) }
        (self.samples, self.starts, self.places) = (samples, starts, places)
    }

    /// The pictures behind picture `sample` in an epoch: a function of (seed, epoch, picture).
    func partners(of sample: Int, seed: UInt64, epoch: Int) -> [Partner] {
        var random = CounterGenerator(seed: seed, .partners, epoch, sample)
        switch tuple {
        case .single: return []
        case .pair:
            let isSame = random.happens(0.5)
            return [Partner(sample: isSame ? same(sample, &random) : other(sample, &random), isSame: isSame)]
        case .triplet:
            let positive = same(sample, &random)
            return [Partner(sample: positive, isSame: true), Partner(sample: other(sample, &random), isSame: false)]
        }
    }

    private func range(of sample: Int) -> Range<Int> {
        let label = Int(labels[sample])
        return starts[label]..<starts[label + 1]
    }

    /// Another picture of the same class; the picture itself where its class has no other.
    private func same(_ sample: Int, _ random: inout CounterGenerator) -> Int {
        let range = range(of: sample)
        if range.count == 1 { return sample }
        let drawn = random.below(range.count - 1)
        return Int(samples[range.lowerBound + (drawn < Int(places[sample]) ? drawn : drawn + 1)])
    }

    /// A picture of another class: each is as likely.
    private func other(_ sample: Int, _ random: inout CounterGenerator) -> Int {
        let range = range(of: sample)
        let drawn = random.below(samples.count - range.count)
        return Int(samples[drawn < range.lowerBound ? drawn : drawn + range.count])
    }
}
