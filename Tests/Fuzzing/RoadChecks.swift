import Compiler
import Foundation
import Graph
import Interchange
import LoopNest
import Machine
import Runtime
import TestSupport
import Training

/// Takes a network along every command's road (load, run, evaluate, train, resume, overfit) with several numbers of threads: nothing may
/// trap, and every result must have the same bits with each of them. An accepted network is 24 trials: six roads, four numbers of threads.
public struct RoadChecks {
    private let folder: URL

    /// - Parameter folder: where files are written and machine code is kept.
    public init(folder: URL) { self.folder = folder }

    /// How the first line says that a network is to be run.
    private struct Setting {
        var batch = 1
        var pictures = 2
        var threads: [Int] = []
        var planned = 1
        var seed = 0

        /// Nil where the line is none of `RandomRoad`'s.
        init?(_ line: Substring) {
            var words = line.split(separator: " ")[...]
            guard words.popFirst() == "#", words.popFirst() == "road" else { return nil }
            var key: Substring = ""
            for word in words {
                guard let number = Int(word) else {
                    key = word
                    continue
                }
                switch key {
                case "batch": batch = number
                case "pictures": pictures = number
                case "threads": threads.append(number)
                case "planned": planned = number
                case "seed": seed = number
                default: return nil
                }
            }
            guard (1...64).contains(batch), (batch...512).contains(pictures), (1...512).contains(planned), !threads.isEmpty,
                threads.allSatisfy({ (1...512).contains($0) })
            else { return nil }
        }
    }

    /// - Returns: whether the network was accepted.
    public func run(_ text: String) throws(FuzzFinding) -> Bool {
        guard let line = text.split(separator: "\n", maxSplits: 1).first, let setting = Setting(line),
            let network = try? Network.read(text, path: "road.braid"), network.training != nil
        else { return false }
        var first: [String: [UInt32]] = [:]
        for threads in setting.threads {
            var results = Results(network: network, setting: setting, threads: threads, folder: folder)
            do {
                guard try results.collect() else { return false }
            } catch {
                throw FuzzFinding(description: "\(threads) threads: \(error)")
            }
            if first.isEmpty { first = results.bits }
            for (road, bits) in results.bits where first[road] != bits {
                throw FuzzFinding(description: "\(road) gives other bits with \(threads) threads than with \(setting.threads[0])")
            }
        }
        return true
    }

    /// The bits that each road ends with, for one number of threads.
    private struct Results {
        let network: Network
        let setting: Setting
        let threads: Int
        let folder: URL
        var bits: [String: [UInt32]] = [:]

        private var compiler: Compiler {
            var target = Target.host
            target.cores = 64
            return Compiler(target: target, cache: ObjectCache(directory: folder.appending(path: "objects")), threads: setting.planned)
        }

        private func path(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }

        /// - Returns: false where the network is refused with a diagnostic.
        mutating func collect() throws -> Bool {
            let pool = ThreadPool(threads: threads)
            let inference: Executable
            let step: Executable
            do {
                inference = try compiler.executable(network, batch: setting.batch, pool: pool)
                step = try compiler.executable(network, training: true, batch: setting.batch, pool: pool)
            } catch {
                return false
            }
            let classifier = try Classifier(inference)
            let data = pictures(classifier)
            let whole = try trained(step, inference, data, stoppingAfter: nil)
            bits["train"] = whole
            _ = try trained(step, inference, data, stoppingAfter: 1)
            bits["resume"] = try trained(step, inference, data, stoppingAfter: nil, resumes: true)
            if bits["resume"] != whole { throw FuzzFinding(description: "a training that was resumed ends with other bits") }

            Weights.initialize(step, seed: UInt64(setting.seed))
            try Safetensors.write(Weights.tensors(of: step), to: path("weights.safetensors"))
            try Weights.load(
                try WeightsFile(path: path("weights.safetensors")), into: inference, optional: network.trainingParameters)
            bits["load"] = try Weights.tensors(of: step).flatMap { try Self.bits(step.parameter($0.name)) }
            var random = SplitMix(seed: setting.seed)
            let image = (0..<setting.batch * classifier.extents.count).map { _ in Float(random.normal()) }
            let scores = image.withUnsafeBufferPointer { classifier.score($0) }
            bits["run"] = Self.bits(scores)
            bits["run in bf16"] = try narrowRun(image, beside: scores, pool)
            let evaluation = try classifier.evaluate(data, normalization: PixelNormalization(of: data))
            bits["evaluate"] = [Float(evaluation.loss).bitPattern, UInt32(evaluation.count), Float(evaluation.accuracy).bitPattern]
            var overfitting = compiler
            overfitting.threads = threads
            let overfit = try overfitting.overfit(
                network, OverfitOptions(batch: setting.batch, steps: 2, learningRate: 0.001, seed: UInt64(setting.seed)))
            bits["overfit"] = Self.bits(overfit.losses.map(Float.init))
            return true
        }

        /// The same in bf16: near f32 (random networks may amplify what is rounded), and finite where that is.
        private func narrowRun(_ image: [Float], beside exact: [Float], _ pool: ThreadPool) throws -> [UInt32] {
            var narrow = compiler
            narrow.precision = .bf16
            let executable = try narrow.executable(network, batch: setting.batch, pool: pool)
            try Weights.load(
                try WeightsFile(path: path("weights.safetensors")), into: executable, optional: network.trainingParameters)
            let classifier = try Classifier(executable)
            let scores = image.withUnsafeBufferPointer { classifier.score($0) }
            if exact.allSatisfy(\.isFinite) {
                let scale = exact.map(\.magnitude).max() ?? 0
                let far = zip(exact, scores).first { !(($0 - $1).magnitude <= 0.5 * max(scale, 1e-3)) }
                if let far { throw FuzzFinding(description: "in bf16 a score is \(far.1), and \(far.0) in f32, of at most \(scale)") }
            }
            return Self.bits(scores)
        }

        private static func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

        private func pictures(_ classifier: Classifier) -> Dataset {
            var random = SplitMix(seed: setting.seed)
            let classes = min(classifier.classCount, 5)
            return Dataset(
                name: "random", isSynthetic: true, classNames: (0..<classes).map(String.init), extents: classifier.extents,
                pixels: (0..<setting.pictures * classifier.extents.count).map { _ in UInt8(truncatingIfNeeded: random.next()) },
                labels: (0..<setting.pictures).map { _ in Int32.random(in: 0..<Int32(classes), using: &random) })
        }

        /// The weights after a training of two epochs, or where it was stopped; a loss that is no number ends it, and counts as a result.
        private func trained(
            _ step: Executable, _ inference: Executable, _ data: Dataset, stoppingAfter last: Int?, resumes: Bool = false
        ) throws -> [UInt32] {
            let definition = network.training!
            let checkpoint = path("road.checkpoint.safetensors")
            let options = TrainerOptions(
                dataName: "random", epochs: 2, seed: UInt64(setting.seed), checkpointPath: checkpoint, checkpointInterval: .steps(1))
            let trainer = try Trainer(
                TrainingStep(
                    step, inference: inference, targets: definition.targets, loss: definition.recipe.lossOutput,
                    scores: network.scoresOutput),
                recipe: definition.recipe, training: data, heldOut: data, options: options)
            Weights.initialize(step, seed: options.seed)
            if resumes { _ = try trainer.resume(try Safetensors(path: checkpoint)) }
            do {
                _ = try trainer.run(shouldStop: { last.map { trainer.stepsDone >= $0 } ?? false })
            } catch {
                return Array("\(error)".unicodeScalars.map(\.value))
            }
            return trainer.weights.flatMap { tensor in (try? step.parameter(tensor.name) as [Float]).map(Self.bits) ?? [] }
        }
    }
}
