import Foundation
import Interchange
import Testing
import Training

@Suite struct CheckpointTests {
    private let folder = DatasetTestFolder()

    private static let identity =
        #"{"batchSize":4,"data":"builtin:digits","epochs":2,"imageCount":8,"network":"a","recipe":"r","seed":1}"#
    private static let history = #"{"epochs":[],"points":[]}"#

    private static func state(step: String = "3", correct: String = "1") -> String {
        #"{"correct":\#(correct),"history":\#(history),"imageCount":4,"lossSum":1.5,"pointCorrect":0,"pointImageCount":0,"#
            + #""pointLossSum":0,"step":\#(step)}"#
    }

    private func file(_ metadata: [String: String]) throws -> Safetensors {
        let path = "\(folder.path)/c.safetensors"
        try Safetensors.write([HostTensor(name: "w", shape: [1], floats: [1])], metadata: metadata, to: path)
        return try Safetensors(path: path)
    }

    private func metadata(identity: String = Self.identity, state: String) -> [String: String] {
        var metadata = Normalization(mean: [0.5], deviation: [0.25]).metadata
        metadata["format"] = "braid training checkpoint 1"
        metadata["identity"] = identity
        metadata["state"] = state
        return metadata
    }

    @Test func reads() throws {
        let checkpoint = try Checkpoint(file(metadata(state: Self.state())))
        #expect(checkpoint.identity.batchSize == 4 && checkpoint.identity.seed == 1)
        #expect(checkpoint.state.step == 3 && checkpoint.state.lossSum == 1.5)
        #expect(checkpoint.normalization == Normalization(mean: [0.5], deviation: [0.25]))
    }

    @Test(arguments: [
        state(step: "-1"), state(step: "9223372036854775807"), state(correct: "1e300"), state(correct: "9223372036854775807"), "", "{}",
        "[1",
        state(step: "null"),
    ])
    func refusesDamage(state: String) throws {
        let file = try file(metadata(state: state))
        checkDatasetFailure("the checkpoint is damaged") { _ = try Checkpoint(file) }
    }

    @Test func tellsWeightsFromCheckpoints() throws {
        let file = try file([:])
        checkDatasetFailure("is no checkpoint of a training") { _ = try Checkpoint(file) }
    }

    @Test func remembersWhatWeightsNeed() throws {
        let metadata = WeightsMetadata(
            normalization: Normalization(mean: [0.1, 0.2], deviation: [0.3, 0.4]), classNames: ["a \"b\"", "ü"], network: "n")
        #expect(WeightsMetadata(try file(metadata.fields)) == metadata)
        #expect(WeightsMetadata(try file([:])) == WeightsMetadata(normalization: nil, classNames: nil, network: nil))
        #expect(WeightsMetadata(try file(["classes": #"["a\u001b[31mb"]"#])).classNames == ["a[31mb"])
        #expect(WeightsMetadata(try file(["classes": "{", "normalization.mean": "x"])).classNames == nil)
    }
}
