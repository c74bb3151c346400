import Foundation
import Interchange
import Testing
import Training

@Suite struct DatasetDigitsTests {
    private func draw(_ digits: SyntheticDigits, _ indices: Range<Int>) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: indices.count * 784)
        pixels.withUnsafeMutableBufferPointer { digits.draw(indices, into: $0) }
        return pixels
    }

    /// The pictures are part of what `builtin:digits` means: a change of these digests changes every result reported for it.
    @Test(arguments: [
        (UInt64(0), SyntheticDigits.Part.training, "535fabd7e5cfd386f7240cccafd12a0eb56fa608f752c0c80c36fad9105ad158"),
        (0, .heldOut, "05a81074c138f7ed8e7ebfb17c110c8eb05d3e235da07c9d1592db10ee695224"),
        (1, .training, "437bdd1e113b522ab3b98fe4705b2d7c0dabde17682daa24172fe7668cfea0c1"),
    ])
    func drawsTheSamePicturesEverywhere(seed: UInt64, part: SyntheticDigits.Part, digest: String) {
        #expect(SHA256.hexadecimal(draw(SyntheticDigits(seed: seed, part: part), 0..<200)) == digest)
    }

    @Test func drawsEachPictureOnItsOwn() {
        let digits = SyntheticDigits(part: .training)
        let together = draw(digits, 0..<30)
        for index in [0, 7, 29] { #expect(draw(digits, index..<index + 1) == Array(together[index * 784..<(index + 1) * 784])) }
        let dataset = digits.dataset(count: 1030)
        #expect(dataset.pixels == draw(digits, 0..<1030))
        #expect(dataset.isSynthetic && dataset.name.contains("synthetic"))
        #expect((0..<10).map { label in dataset.labels.count { $0 == label } } == [Int](repeating: 103, count: 10))
    }

    @Test func differsBetweenPictures() {
        let training = draw(SyntheticDigits(part: .training), 0..<500), heldOut = draw(SyntheticDigits(part: .heldOut), 0..<500)
        let pictures = stride(from: 0, to: training.count, by: 784).flatMap {
            [Array(training[$0..<$0 + 784]), Array(heldOut[$0..<$0 + 784])]
        }
        #expect(Set(pictures).count == 1000)
    }

    /// A digit resembles the mean of its class most in far more cases than by chance (20 of 200): labels and pictures belong together.
    @Test func looksLikeItsLabel() {
        let training = draw(SyntheticDigits(part: .training), 0..<1000)
        var means = [[Double]](repeating: [Double](repeating: 0, count: 784), count: 10)
        for index in training.indices { means[index / 784 % 10][index % 784] += Double(training[index]) / 100 }
        let heldOut = draw(SyntheticDigits(part: .heldOut), 0..<200)
        let correct = (0..<200).count { index in
            let distances = means.map { mean in (0..<784).reduce(0) { $0 + abs(mean[$1] - Double(heldOut[index * 784 + $1])) } }
            return distances.indices.min { distances[$0] < distances[$1] } == index % 10
        }
        #expect(correct > 80)
    }
}
