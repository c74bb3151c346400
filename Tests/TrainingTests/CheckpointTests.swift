import Foundation
import Interchange
import Recipes
import Testing
import Training

@Suite struct CheckpointTests {
    private let folder = DatasetTestFolder()

    private static let identity =
        #"{"batchSize":4,"data":"builtin:digits","epochs":2,"imageCount":8,"network":"a","recipe":"r","seed":1}"#
    private static let history = #"{"metric":"accuracy","epochs":[],"points":[]}"#

    private static func state(
        step: String = "3", correct: String = "1", lossSum: String = "1.5", history: String = Self.history
    ) -> String {
        #"{"metricAmount":\#(correct),"metricWeight":4,"history":\#(history),"imageCount":4,"lossSum":\#(lossSum),"pointMetricAmount":0,"#
            + #""pointMetricWeight":0,"pointImageCount":0,"pointLossSum":0,"step":\#(step)}"#
    }

    private static func epoch(
        _ number: String = "1", loss: String = "2", accuracy: String = "0.5", heldOutLoss: String = "1e38", rate: String = "0.1",
        seconds: String = "null"
    ) -> String {
        #"{"metric":"accuracy","epochs":[{"epoch":\#(number),"loss":\#(loss),"accuracy":\#(accuracy),"heldOutLoss":\#(heldOutLoss),"heldOutAccuracy":1,"#
            + #""learningRate":\#(rate),"seconds":\#(seconds)}],"points":[]}"#
    }

    private static func points(_ points: (String, String, String)...) -> String {
        let list = points.map { #"{"step":\#($0),"loss":\#($1),"accuracy":\#($2)}"# }.joined(separator: ",")
        return #"{"metric":"accuracy","epochs":[],"points":[\#(list)]}"#
    }

    private func file(_ metadata: [String: String]) throws -> Safetensors {
        let path = "\(folder.path)/c.safetensors"
        try Safetensors.write([HostTensor(name: "w", shape: [1], floats: [1])], metadata: metadata, to: path)
        return try Safetensors(path: path)
    }

    private func metadata(identity: String = Self.identity, state: String) -> [String: String] {
        var metadata = PixelNormalization(mean: [0.5], deviation: [0.25]).metadata
        metadata["format"] = "braid training checkpoint 2"
        metadata["identity"] = identity
        metadata["state"] = state
        return metadata
    }

    @Test func reads() throws {
        let checkpoint = try Checkpoint(file(metadata(state: Self.state())))
        #expect(checkpoint.identity.batchSize == 4 && checkpoint.identity.seed == 1)
        #expect(checkpoint.state.step == 3 && checkpoint.state.lossSum == 1.5)
        #expect(checkpoint.normalization == PixelNormalization(mean: [0.5], deviation: [0.25]))
        #expect(checkpoint.identity.graph == nil && checkpoint.identity.numerics == nil)
        for history in [Self.epoch(), Self.epoch(loss: "-3.4e38", rate: "0"), Self.points(("1", "2", "0"), ("3", "1", "1"))] {
            #expect(try Checkpoint(file(metadata(state: Self.state(history: history)))).state.step == 3, "\(history)")
        }
    }

    @Test(arguments: [
        state(step: "-1"), state(step: "9223372036854775807"), state(correct: "1e300"), state(correct: "-1"), "", "{}",
        "[1",
        state(step: "null"), state(correct: "null"), state(lossSum: "1e308"), state(lossSum: "-1e300"),
        state(history: epoch("4611686018427387904")), state(history: epoch("2")), state(history: epoch("0")), state(history: epoch("-1")),
        state(step: "0", history: epoch()), state(history: epoch(loss: "1e308")), state(history: epoch(loss: "-1e308")),
        state(history: epoch(accuracy: "1.1")), state(history: epoch(accuracy: "-1")), state(history: epoch(heldOutLoss: "1e300")),
        state(history: epoch(rate: "-1")), state(history: epoch(rate: "1e300")), state(history: epoch(seconds: "-1e300")),
        state(history: points(("1", "1e308", "0"), ("2", "-1e308", "0"))), state(history: points(("2", "1", "0"), ("1", "1", "0"))),
        state(history: points(("0", "1", "0"))), state(history: points(("4", "1", "0"))), state(history: points(("1", "1", "2"))),
    ])
    func refusesDamage(state: String) throws {
        let file = try file(metadata(state: state))
        checkDatasetFailure("the checkpoint is damaged") { _ = try Checkpoint(file) }
    }

    /// Whatever numbers stand in a checkpoint: it is refused, or its history can be drawn and kept.
    @Test func survivesDamage() throws {
        var random = CounterGenerator(seed: 1, .samples, 0)
        let history =
            #"{"epochs":[{"epoch":1,"loss":2.5,"accuracy":0.5,"heldOutLoss":1e38,"heldOutAccuracy":1,"learningRate":0.1,"seconds":1}],"#
            + #""points":[{"step":1,"loss":2,"accuracy":0},{"step":3,"loss":1,"accuracy":1}]}"#
        let texts = [
            "identity": Self.identity, "state": Self.state(history: history), "normalization.mean": "0.5",
            "normalization.deviation": "0.25",
        ]
        let numbers = ["9223372036854775807", "-1", "1e308", "-1e308", "1e-45", "0", "4611686018427387904", "nan", "null", "\"\"", "1e999"]
        var (refused, taken) = (0, 0)
        for _ in 0..<4000 {
            var metadata = texts
            let key = texts.keys.sorted()[random.below(4)]
            var bytes = Array((texts[key] ?? "").utf8)
            let place = random.below(bytes.count)
            switch random.below(3) {
            case 0: bytes[place] = UInt8(random.below(95) + 32)
            case 1: bytes.remove(at: place)
            default:
                // A whole number becomes another.
                let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) || byte == 0x2e }
                guard let start = bytes[place...].firstIndex(where: isDigit) else { continue }
                let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
                bytes.replaceSubrange(start..<end, with: Array(numbers[random.below(numbers.count)].utf8))
            }
            metadata[key] = String(decoding: bytes, as: UTF8.self)
            metadata["format"] = "braid training checkpoint 2"
            let header = try JSONSerialization.data(withJSONObject: ["__metadata__": metadata])
            let data = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
            do {
                let checkpoint = try Checkpoint(Safetensors(data: data, path: "damaged"))
                taken += 1
                let curves = checkpoint.state.history.curves(title: "t", stepsPerEpoch: 3).picture().svg()
                #expect(!curves.contains("nan") && !curves.contains("inf"))
                _ = checkpoint.normalization.table
                _ = try JSONEncoder().encode(checkpoint.state)
            } catch is InterchangeError { refused += 1 }
        }
        #expect(refused > 1000 && taken > 500)
    }

    @Test func tellsWeightsFromCheckpoints() throws {
        let file = try file([:])
        checkDatasetFailure("is no checkpoint of a training") { _ = try Checkpoint(file) }
    }

    @Test func remembersWhatWeightsNeed() throws {
        let metadata = WeightsMetadata(
            normalization: PixelNormalization(mean: [0.1, 0.2], deviation: [0.3, 0.4]), classNames: ["a \"b\"", "ü"], network: "n",
            heldOut: HeldOutShare(split: DatasetSplit(share: 0.1, seed: .max), count: 12))
        #expect(try WeightsMetadata(WeightsFile(file(metadata.fields))) == metadata)
        #expect(try WeightsMetadata(WeightsFile(file([:]))) == WeightsMetadata(normalization: nil, classNames: nil, network: nil))
        #expect(try WeightsMetadata(WeightsFile(file(["classes": #"["a\u001b[31mb"]"#]))).classNames == ["a[31mb"])
        #expect(try WeightsMetadata(WeightsFile(file(["classes": "{"]))).classNames == nil)
        for text in [
            "", "0.1 seed 1 count 0", "1 seed 1 count 3", "nan seed 1 count 3", "0.1 seed -1 count 3", "0.1 seed 1 count 3 x", "-1 a b c d",
        ] {
            #expect(try WeightsMetadata(WeightsFile(file(["held_out": text]))).heldOut == nil)
        }
        checkDatasetFailure("c.safetensors, normalization.mean: \"x\" are no numbers") {
            _ = try WeightsMetadata(WeightsFile(file(["normalization.mean": "x", "normalization.deviation": "1"])))
        }
    }
}
