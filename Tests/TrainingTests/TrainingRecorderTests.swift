import Foundation
import Interchange
import Testing

@testable import Training

/// The records that a training leaves, whole and in parts.
@Suite struct TrainingRecorderTests {
    private let folder = DatasetTestFolder()
    private var checkpoint: String { "\(folder.path)/toy.checkpoint.safetensors" }

    private func files(_ name: String) throws -> ResultFiles { try ResultFiles(output: "\(folder.path)/\(name)", network: "toy") }

    private static func run(seed: UInt64 = 9, epochs: Int = 3) -> TrainingRun {
        TrainingRun(
            network: "toy", file: "toy.braid", definitions: ["width": "8"], data: "toy", trainingPictures: 10, heldOutPictures: 6, batch: 4,
            seed: seed, epochs: epochs, stepsPerEpoch: 2, recipe: ["optimizer sgd", "schedule constant(rate: 0.5)"], graph: "abc",
            numerics: "default", weights: nil)
    }

    private func start(_ name: String, resumed: Bool = false, events: String? = nil) throws -> (Trainer, TrainingRecorder) {
        let trainer = try ToyTraining(epochs: 3, seed: 9, checkpointPath: checkpoint).start().trainer
        if resumed { _ = try trainer.resume(Safetensors(path: checkpoint)) }
        try trainer.begin()
        return (trainer, try TrainingRecorder(trainer, Self.run(), files: files(name), eventFolder: events.map { "\(folder.path)/\($0)" }))
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Rows without the last column, which is the machine's speed.
    private func rows(_ path: String) throws -> [String] {
        try text(path).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).dropLast().joined(separator: ",")
        }
    }

    @Test func recordsEveryStepAndEpoch() throws {
        let (trainer, recorder) = try start("whole", events: "events")
        let files = try files("whole")
        var seen: [(status: TrainingRun.Status?, epochs: Int)] = [try status(files)]
        #expect(
            try trainer.run(report: { event in
                recorder.record(event)
                if case .epoch = event, let found = try? status(files) { seen.append(found) }
            }))
        try recorder.end(.finished)
        #expect(recorder.failure == nil)
        seen.append(try status(files))
        #expect(seen.map(\.status) == [.running, .running, .running, .running, .finished] && seen.map(\.epochs) == [0, 1, 2, 3, 3])
        let steps = try rows(files.steps)
        #expect(steps[0] == "step,epoch,loss,accuracy,rate" && steps.count == 7)
        for (index, row) in steps.dropFirst().enumerated() {
            let fields = row.split(separator: ",").map { Double($0) ?? .nan }
            #expect(fields[0] == Double(index + 1) && fields[1] == Double(index / 2 + 1) && fields[4] == 0.5)
            // The loss of the toy's steps is the root of 999, 998, …
            #expect(abs(fields[2] - Double(999 - index).squareRoot()) < 1e-4)
        }
        let epochs = try text(files.epochs).split(separator: "\n")
        #expect(epochs.count == 4 && epochs[0] == "epoch,step,loss,accuracy,held_out_loss,held_out_accuracy,rate,seconds")
        #expect(epochs[3].hasPrefix("3,6,") && epochs[3].split(separator: ",").count == 8)
        let curves = try text(files.curves)
        #expect(curves.hasPrefix("<svg") && curves.contains("learning rate") && curves.contains(">held out</text>"))
        let record = try TrainingRecord(path: files.history)
        #expect(record.history.epochs == trainer.history.epochs && record.history.points == trainer.history.points)
        #expect(record.run?.recipe == ["optimizer sgd", "schedule constant(rate: 0.5)"] && record.run?.definitions == ["width": "8"])
        #expect(record.run?.seconds ?? 0 > 0 && record.history.points.last?.learningRate == 0.5)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/events").count == 1)
    }

    private func status(_ files: ResultFiles) throws -> (TrainingRun.Status?, Int) {
        let record = try TrainingRecord(path: files.history)
        return (record.run?.status, record.history.epochs.count)
    }

    /// Stopped after any step and resumed, the records are those of a training in one go; what a killed training did behind its checkpoint is
    /// dropped.
    @Test(arguments: 1...5) func continuesItsRecords(stop: Int) throws {
        let (whole, wholeRecorder) = try start("whole")
        #expect(try whole.run(report: wholeRecorder.record))
        try wholeRecorder.end(.finished)
        let (first, firstRecorder) = try start("part", events: "events")
        var steps = 0
        #expect(
            try !first.run(shouldStop: { steps >= stop }) { event in
                firstRecorder.record(event)
                if case .step = event { steps += 1 }
            })
        try firstRecorder.end(.stopped)
        let files = try files("part")
        let begun = try #require(try TrainingRecord(path: files.history).run)
        #expect(begun.status == .stopped)
        // Steps that no checkpoint knows of, the last of them cut off.
        let more = try text(files.steps) + "\(stop + 1),9,0,0,0,0\n\(stop + 2),9,0"
        try AtomicFile.write(Data(more.utf8), to: files.steps)
        let (second, secondRecorder) = try start("part", resumed: true, events: "events")
        #expect(try second.run(report: secondRecorder.record))
        try secondRecorder.end(.finished)
        #expect(try rows(files.steps) == rows(self.files("whole").steps))
        #expect(try rows(files.epochs) == rows(self.files("whole").epochs))
        let ended = try #require(try TrainingRecord(path: files.history).run)
        #expect(ended.began == begun.began && ended.seconds > begun.seconds && ended.status == .finished)
        // The seconds of the epochs of the first part are not lost; that of the one which was cut is not known.
        let known = try TrainingRecord(path: files.history).history.epochs.map { $0.seconds != nil }
        #expect(known == (0..<3).map { $0 != (stop - 1) / 2 })
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/events").count == 2)
    }

    /// Where there is nothing to go on from, the table begins with the next step.
    @Test func beginsTablesWhereNoneIs() {
        let header = Data(TrainingTables.stepHeader("accuracy").utf8)
        let table = header + Data("1,1,2,0,0.1,5\n2,1,2,0,0.1,5\n3,2,2,0,0.1,5\n".utf8)
        #expect(TrainingTables.steps(of: table, upTo: 2, metric: "accuracy") == header + Data("1,1,2,0,0.1,5\n2,1,2,0,0.1,5\n".utf8))
        #expect(
            TrainingTables.steps(of: table, upTo: 9, metric: "accuracy") == table
                && TrainingTables.steps(of: table, upTo: 0, metric: "accuracy") == header)
        for text in ["", "a,b\n1,2\n", "step", "1,2,3\n"] {
            #expect(TrainingTables.steps(of: Data(text.utf8), upTo: 9, metric: "accuracy") == header)
        }
        #expect(TrainingTables.steps(of: header + Data("99999999999999999999999,1\n".utf8), upTo: 9, metric: "accuracy") == header)
        #expect(TrainingTables.steps(of: header + Data("-3,1\nx,2\n".utf8), upTo: 9, metric: "accuracy") == header)
    }

    /// What cannot be written ends the training behind a checkpoint.
    @Test func tellsWhatCannotBeWritten() throws {
        let (trainer, recorder) = try start("lost")
        let files = try files("lost")
        try FileManager.default.removeItem(atPath: files.history)
        try FileManager.default.createDirectory(atPath: files.history, withIntermediateDirectories: true)
        #expect(try !trainer.run(shouldStop: { recorder.failure != nil }, report: recorder.record))
        #expect(recorder.failure?.message == "this is a folder" && trainer.stepsDone == 2)
    }

    @Test func readsHistories() throws {
        func read(_ text: String) throws -> TrainingRecord {
            try folder.write(Data(text.utf8), to: "x.history.json")
            return try TrainingRecord(path: "\(folder.path)/x.history.json")
        }
        // As earlier versions wrote it.
        let old = try read(
            #"{"epochs":[{"accuracy":0.5,"epoch":1,"held_out_accuracy":0.75,"held_out_loss":1,"learning_rate":0.1,"loss":2,"seconds":3}],"#
                + #""points":[{"accuracy":0.5,"loss":2,"step":7}]}"#)
        #expect(old.run == nil && old.history.epochs[0].heldOutMetric == 0.75 && old.history.points[0].learningRate == nil)
        checkDatasetFailure("this is no history of a training (points); name a file that") { _ = try read(#"{"epochs":[]}"#) }
        checkDatasetFailure("this is no history of a training (epochs.1.loss)") {
            _ = try read(#"{"epochs":[{"accuracy":0.5,"epoch":1,"learning_rate":0.1}],"points":[]}"#)
        }
        checkDatasetFailure("this is no history of a training") { _ = try read("[1") }
        // No training has more epochs, whatever a file says.
        let epochs = (1...100_001).map { #"{"accuracy":0.5,"epoch":\#($0),"learning_rate":0.1,"loss":2}"# }
        checkDatasetFailure("the history is damaged") { _ = try read(#"{"epochs":[\#(epochs.joined(separator: ","))],"points":[]}"#) }
        checkDatasetFailure("the history is of a later version of Braid (format 3, known are up to 2)") {
            _ = try read(#"{"epochs":[],"points":[],"format":3}"#)
        }
        checkDatasetFailure("its numbers cannot be those of a training") {
            _ = try read(#"{"epochs":[{"accuracy":1.5,"epoch":1,"learning_rate":0.1,"loss":1}],"points":[]}"#)
        }
        var run = Self.run()
        run.network = "a\u{1B}[31mb"
        run.data = "d\n"
        try TrainingRecord(run: run, history: TrainingHistory()).write(to: "\(folder.path)/x.history.json")
        let hostile = try TrainingRecord(path: "\(folder.path)/x.history.json")
        #expect(hostile.run?.network == "a[31mb" && hostile.run?.data == "d", "control characters would steer terminals")
        run.batch = -1
        try TrainingRecord(run: run, history: TrainingHistory()).write(to: "\(folder.path)/x.history.json")
        checkDatasetFailure("its numbers cannot be") { _ = try TrainingRecord(path: "\(folder.path)/x.history.json") }
    }

    @Test func findsTheBestEpoch() {
        func history(_ values: [(Double?, Double?, Double)]) -> TrainingHistory {
            var history = TrainingHistory()
            history.epochs = values.enumerated().map {
                .init(epoch: $0 + 1, loss: $1.2, metric: 0, heldOutLoss: $1.1, heldOutMetric: $1.0, learningRate: 1, seconds: nil)
            }
            return history
        }
        #expect(history([]).best == nil)
        #expect(history([(0.5, 1, 3), (0.9, 2, 2), (0.9, 1, 2), (0.9, 1, 1)]).best?.epoch == 3)
        #expect(history([(nil, nil, 3), (nil, nil, 1), (nil, nil, 2)]).best?.epoch == 2)
    }
}
