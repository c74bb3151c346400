import Foundation
import Interchange
import Testing

/// What networks, targets and data have to be for one another where a network is trained, and which output is judged.
@Suite struct FeedTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    /// Writes as many random pictures of 1 x 8 x 8 values for each part, with these labels, as arrays.
    private func writeArrays(_ labels: [(part: String, labels: HostTensor)], to folder: String = "arrays") throws {
        var state: UInt32 = 1
        try workplace.makeFolder(folder)
        for (part, labels) in labels {
            let pixels = (0..<labels.shape[0] * 64).map { _ -> UInt8 in
                state = state &* 1_664_525 &+ 1_013_904_223
                return UInt8(state >> 24)
            }
            let images = HostTensor(element: .u8, shape: [labels.shape[0], 8, 8], bytes: pixels)
            try AtomicFile.write(NumPy.encode(images), to: workplace.path("\(folder)/x_\(part).npy"))
            try AtomicFile.write(NumPy.encode(labels), to: workplace.path("\(folder)/y_\(part).npy"))
        }
    }

    /// Four classes in turn.
    private func writeClasses(training: Int = 32, heldOut: Int = 20) throws {
        try writeArrays(
            [("train", training), ("test", heldOut)].map { part, count in
                (part, HostTensor(element: .u8, shape: [count], bytes: (0..<count).map { UInt8($0 % 4) }))
            })
    }

    private func train(_ more: String...) throws -> CommandResult {
        try workplace.run(["train", "n.braid", "--data", "numpy:arrays", "-o", "out", "-q"] + more)
    }

    /// A weight of the network is needed, though it is called as what an optimizer keeps.
    @Test func needsWeightsThatAreCalledAsStates() throws {
        try workplace.write(
            """
            block own(x) {
                parameter momentum: f32[4] = normal(1)
                x + momentum
            }
            network n {
                input image: f32[N, 1, 8, 8]
                output logits = image |> c: conv(4, 3) |> relu |> flatten |> fc: linear(4) |> own: own
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.01, epochs: 1)
                batch 8
            }
            """, to: "n.braid")
        try writeClasses()
        #expect(try train().status == 0)
        let file = try Safetensors(path: workplace.path("out.safetensors"))
        let rest = try file.tensors().filter { $0.name != "own.momentum" }
        try Safetensors.write(rest, metadata: file.metadata, to: workplace.path("cut.safetensors"))
        let result = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "cut.safetensors")
        #expect(
            result.status == 1 && result.errors.contains("missing in the file:") && result.errors.contains("own.momentum"),
            "\(result.errors)")
        // What the optimizer keeps may be missing, and in excess; its own parameter may begin anew.
        #expect(try train("--weights", "out.safetensors", "--except", "own.*").status == 0)
        let resumed = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.checkpoint.safetensors")
        #expect(resumed.status == 0, "\(resumed.errors)")
    }
}
