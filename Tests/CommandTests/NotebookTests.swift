import Foundation
import TestSupport
import Testing

/// The notebooks of `graphs/notebooks` run as they stand, on a few hundred digits.
@Suite struct NotebookTests {
    @Test(arguments: [
        (
            "mnist_resnet",
            [
                "notebook_mnist.pictures.png", "notebook_mnist.lr-find.svg", "notebook_mnist.safetensors", "notebook_mnist.confusion.svg",
                "notebook_mnist.top-losses.png",
            ]
        ),
        (
            "resnet34_fastai",
            [
                "clothes.lr-find.svg", "clothes.safetensors", "clothes.top-losses.png", "digits.frozen.safetensors", "digits.safetensors",
                "digits.calibration.svg", "digits.top-losses.png",
            ]
        ),
    ])
    func runs(notebook: String, results: [String]) throws {
        let workplace = try Workplace()
        try workplace.writeTinyTraining()
        for name in ["mnist", "fashion-mnist"] {
            try workplace.makeFolder("sets")
            try FileManager.default.createSymbolicLink(
                atPath: workplace.path("sets/\(name)"), withDestinationPath: workplace.path("data"))
        }
        let script = Golden.root.appending(path: "graphs/notebooks/\(notebook).sh").path
        let result = try workplace.run(line: "BRAID='\(Workplace.command.path)' '\(script)' --quick --out out sets")
        #expect(result.status == 0, "\(result.output) \(result.errors)")
        for file in results { #expect(FileManager.default.fileExists(atPath: workplace.path("out/\(file)")), "\(file)") }
        #expect(result.output.contains("on the held-out pictures"))
    }

    /// What is said of each is in it, and nothing else is taken.
    @Test(arguments: ["mnist_resnet", "resnet34_fastai"]) func helps(notebook: String) throws {
        let workplace = try Workplace()
        let script = Golden.root.appending(path: "graphs/notebooks/\(notebook).sh").path
        let help = try workplace.run(line: "'\(script)' --help")
        #expect(help.status == 0 && help.output.contains("graphs/notebooks/\(notebook).sh [--quick] [--out FOLDER] [DATA]"))
        #expect(try workplace.run(line: "'\(script)' --slow").status == 2)
    }
}
