import Foundation
import Graph
import Testing

@testable import Interchange

/// Weights in other formats and types, what their values are like, and in what they differ.
@Suite struct WeightsConversionTests {
    private let folder = TemporaryFolder()

    private struct Number: Decodable {
        var value: Double

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            value = try (try? container.decode(Double.self)) ?? #require(Double(try container.decode(String.self)))
        }
    }

    /// Numbers as NumPy and PyTorch round them, see Cases/pytorch_files.py.
    @Test func roundsAsOthersDo() throws {
        let data = try Data(contentsOf: PyTorchFileTests.folder.appendingPathComponent("rounded_numbers.json"))
        let expected = try JSONDecoder().decode([String: [Number]].self, from: data).mapValues { $0.map(\.value) }
        let numbers = try #require(expected["numbers"])
        for element in WeightsConversion.types {
            let rounded = try #require(expected[element.rawValue])
            for (index, number) in numbers.enumerated() {
                let tensor = HostTensor(shape: [1], doubles: [number])
                if number.isFinite, !rounded[index].isFinite {
                    #expect(tensor.converted(to: element) == nil, "\(number) as \(element)")
                    continue
                }
                let value = try #require(tensor.converted(to: element)).doubles[0]
                #expect(
                    value == rounded[index] && value.sign == rounded[index].sign || value.isNaN && rounded[index].isNaN,
                    "\(number) as \(element): \(value), not \(rounded[index])")
            }
        }
    }

    /// Every half there is comes back from f32.
    @Test func roundTripsHalves() throws {
        for bits in UInt16.min ... .max {
            let value = HalfPrecision.float(binary16: bits)
            if value.isNaN {
                #expect(HalfPrecision.float(binary16: HalfPrecision.bits(rounding: value)).isNaN)
            } else if HalfPrecision.bits(rounding: value) != bits {
                Issue.record("\(bits) becomes \(HalfPrecision.bits(rounding: value))")
            }
        }
    }

    private static let tensors = [
        HostTensor(name: "a.weight", shape: [2, 2], floats: [1, -2.5, 0.1, 4]), HostTensor(name: "b", shape: [], doubles: [0.1]),
        HostTensor(name: "c", shape: [3], int64s: [1, -2, 1 << 60]),
        HostTensor(name: "d/e", element: .bf16, shape: [1], bytes: [0x80, 0x3f]),
        HostTensor(name: "f", element: .bool, shape: [2], bytes: [0, 1]), HostTensor(name: "none", shape: [0, 3], floats: []),
    ]

    private func write(_ name: String = "in.safetensors", _ tensors: [HostTensor] = Self.tensors) throws -> WeightsFile {
        try Safetensors.write(tensors, metadata: ["network": "n"], to: folder(name))
        return try WeightsFile(path: folder(name))
    }

    @Test func convertsToSafetensorsAndBack() throws {
        let file = try write()
        try WeightsConversion(file, to: .safetensors).write(to: folder("same.safetensors"))
        #expect(try InputFile.read(folder("same.safetensors")) == InputFile.read(folder("in.safetensors")))
        try WeightsConversion(file, to: .safetensors, as: .bf16).write(to: folder("bf16.safetensors"))
        let narrow = try WeightsFile(path: folder("bf16.safetensors"))
        #expect(narrow["a.weight"]?.element == .bf16 && narrow["c"]?.element == .i64 && narrow["f"]?.element == .bool)
        #expect(try narrow.tensor("a.weight").floats == [1, -2.5, 0.100097656, 4] && narrow.metadata == ["network": "n"])
        // The file may be replaced by what is made of it.
        try WeightsConversion(file, to: .safetensors, as: .f32).write(to: folder("in.safetensors"))
        #expect(try WeightsFile(path: folder("in.safetensors"))["b"]?.element == .f32)
    }

    @Test(arguments: [false, true]) func convertsToArchives(compresses: Bool) throws {
        let file = try write()
        let conversion = WeightsConversion(file, to: .npz, compresses: compresses)
        #expect(conversion.lostMetadata == ["network"])
        try conversion.write(to: folder("out.npz"))
        let archive = try WeightsFile(path: folder("out.npz"))
        #expect(archive.format == .npz && archive.entries.map(\.name) == file.entries.map(\.name))
        for entry in file.entries {
            let (one, other) = (try file.tensor(entry.name), try archive.tensor(entry.name))
            #expect(one.shape == other.shape && one.doubles == other.doubles && one.integers == other.integers, "\(entry.name)")
            var floats: [Float] = []
            try archive.readFloats(entry.name, granule: 2) { floats += $0 }
            #expect(floats == one.floats)
        }
        #expect(archive["d/e"]?.element == .f32)
        let comparison = try WeightsComparison(file, archive)
        #expect(!comparison.differs(beyond: 0))
        checkSurvivesDamage(try InputFile.read(folder("out.npz")), changes: 300) { bytes in
            let file = try WeightsFile(data: bytes, path: "damaged")
            for entry in file.entries { _ = try file.tensor(entry.name).floats }
        }
    }

    /// Arrays of an archive as NumPy may write them: of either order of bytes and of axes, read from where they stand.
    @Test func readsArraysOfEveryOrder() throws {
        let values = (0..<24).map(Float.init)
        func array(_ type: String, isFortran: Bool, _ numbers: [Float]) -> [UInt8] {
            let header = "{'descr': '\(type)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': (2, 3, 4), }"
            var bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
            for number in numbers {
                let bits = type.hasPrefix(">") ? number.bitPattern.bigEndian : number.bitPattern.littleEndian
                bytes += withUnsafeBytes(of: bits) { [UInt8]($0) }
            }
            return bytes
        }
        // Column by column: the first axis is the fastest.
        var columns: [Float] = []
        for last in 0..<4 { for middle in 0..<3 { for first in 0..<2 { columns.append(values[12 * first + 4 * middle + last]) } } }
        for compresses in [false, true] {
            let entries = [("<f4", false), (">f4", false), ("<f4", true), (">f4", true)].map { type, isFortran in
                ZipArchiveWriter.Entry(name: "\(type)\(isFortran).npy") { array(type, isFortran: isFortran, isFortran ? columns : values) }
            }
            let file = try WeightsFile(data: Data(try ZipArchiveWriter.encode(entries, compresses: compresses)), path: "x.npz")
            for entry in file.entries {
                var floats: [Float] = []
                try file.readFloats(entry.name, granule: 5) { floats += $0 }
                #expect(try file.tensor(entry.name).floats == values && floats == values, "\(entry.name)")
            }
        }
    }

    @Test func refusesNumbersThatAreTooLarge() throws {
        let file = try write("large.safetensors", [HostTensor(name: "x", shape: [2], floats: [.infinity, 1e5])])
        checkFailure("large.safetensors, tensor \"x\": it has numbers that f16 is too small for; write it as bf16 or f32") {
            try WeightsConversion(file, to: .safetensors, as: .f16).write(to: folder("x.safetensors"))
        }
        #expect(!folder.names.contains("x.safetensors"))
        try WeightsConversion(file, to: .safetensors, as: .bf16).write(to: folder("x.safetensors"))
    }

    @Test func refusesWhatNoArchiveHolds() throws {
        let deep = HostTensor(name: "deep", shape: [Int](repeating: 1, count: 65), floats: [1])
        let file = WeightsFile([deep], path: "deep.onnx")
        checkFailure("it has 65 dimensions, and NumPy's arrays have 64 at most") {
            try WeightsConversion(file, to: .npz).write(to: folder("x.npz"))
        }
        let unnamed = try write("unnamed.safetensors", [HostTensor(name: "", shape: [1], floats: [1])])
        checkFailure("no entry of an archive can have this name") { try WeightsConversion(unnamed, to: .npz).write(to: folder("x.npz")) }
    }

    /// Safetensors keep one name for themselves, which other formats allow.
    @Test func refusesTheNameOfMetadata() throws {
        let tensors = [HostTensor(name: "__metadata__", shape: [1], floats: [1]), HostTensor(name: "a", shape: [1], floats: [2])]
        let message = "tensor \"__metadata__\": safetensors keeps this name for itself; rename it with --map"
        try WeightsConversion(WeightsFile(tensors, path: "in.npz"), to: .npz).write(to: folder("in.npz"))
        let file = try WeightsFile(path: folder("in.npz"))
        checkFailure(message) { try WeightsConversion(file, to: .safetensors).write(to: folder("x.safetensors")) }
        checkFailure(message) { try Safetensors.write(tensors, to: folder("x.safetensors")) }
        let renamed = try write().renamed(["b": "__metadata__"])
        checkFailure(message) { try WeightsConversion(renamed, to: .safetensors).write(to: folder("x.safetensors")) }
        #expect(!folder.names.contains("x.safetensors"))
        try WeightsConversion(file.renamed(["__metadata__": "b"]), to: .safetensors).write(to: folder("x.safetensors"))
        #expect(try WeightsFile(path: folder("x.safetensors")).tensor("b").floats == [1])
    }

    @Test func tellsWhatValuesAreLike() throws {
        let values: [Float] = (0..<2_500_000).map { 1e4 + Float($0 % 5) } + [.nan, .infinity]
        let file = try write(
            "s.safetensors",
            [
                HostTensor(name: "x", shape: [values.count], floats: values), HostTensor(name: "y", shape: [2], doubles: [1e300, -1e300]),
                HostTensor(name: "z", shape: [1], floats: [.nan]), HostTensor(name: "i", shape: [2], int64s: [1 << 40, 1 << 40 + 2]),
            ])
        let x = try TensorStatistics(of: "x", in: file)
        #expect(x.minimum == 1e4 && x.maximum == 10_004 && x.notFinite == 2)
        #expect(abs(x.mean! - 10_002) < 1e-6 && abs(x.deviation! - 2.0.squareRoot()) < 1e-6)
        #expect(try TensorStatistics(of: "y", in: file).maximum == 1e300)
        let z = try TensorStatistics(of: "z", in: file)
        #expect(z.minimum == nil && z.mean == nil && z.deviation == nil && z.notFinite == 1)
        let i = try TensorStatistics(of: "i", in: file)
        #expect(i.mean == Double(1 << 40 + 1) && i.deviation == 1)
    }

    @Test func tellsInWhatFilesDiffer() throws {
        let one = try write(
            "one.safetensors",
            [
                HostTensor(name: "same", shape: [2], floats: [1, .nan]),
                HostTensor(name: "moved", shape: [2, 3], floats: [0, 0, 0, 0, 0, 2]),
                HostTensor(name: "long", shape: [1], int64s: [1 << 53]), HostTensor(name: "shape", shape: [2], floats: [1, 2]),
                HostTensor(name: "mine", shape: [1], floats: [1]), HostTensor(name: "broken", shape: [1], floats: [1]),
                HostTensor(name: "infinite", shape: [1], floats: [.infinity]),
            ])
        let two = try write(
            "two.safetensors",
            [
                HostTensor(name: "same", shape: [2], doubles: [1, .nan]),
                HostTensor(name: "moved", shape: [2, 3], floats: [0, 0, 0, 0, 0.25, 1]),
                HostTensor(name: "long", shape: [1], int64s: [1 << 53 + 1]), HostTensor(name: "shape", shape: [1, 2], floats: [1, 2]),
                HostTensor(name: "yours", shape: [1], floats: [1]), HostTensor(name: "broken", shape: [1], floats: [.nan]),
                HostTensor(name: "infinite", shape: [1], floats: [.infinity]),
            ])
        let comparison = try WeightsComparison(one, two)
        #expect(comparison.onlyFirst == ["mine"] && comparison.onlySecond == ["yours"] && comparison.misshaped.map(\.name) == ["shape"])
        func tensor(_ name: String) throws -> WeightsComparison.Tensor { try #require(comparison.tensors.first { $0.name == name }) }
        #expect(try tensor("same").difference == 0 && tensor("infinite").difference == 0)
        let moved = try tensor("moved")
        #expect(moved.difference == 1 && moved.position == [1, 2] && moved.count == 2 && moved.magnitude == 2)
        #expect(try tensor("long").difference == 1 && tensor("broken").difference == .infinity)
        #expect(comparison.differing(beyond: 1).map(\.name) == ["broken"] && comparison.differs(beyond: .infinity))
        #expect(try !WeightsComparison(one, one).differs(beyond: 0))
    }

    @Test func renamesAndLeavesOut() throws {
        let file = try write().renamed(["a.weight": "w"]).keeping { $0 == "w" || $0 == "b" }
        #expect(file.entries.map(\.name) == ["b", "w"])
        #expect(try file.tensor("w").name == "w" && file.tensor("w").floats == [1, -2.5, 0.1, 4])
        checkFailure("there is no tensor \"a.weight\"") { _ = try file.tensor("a.weight") }
        #expect(try file.fingerprint() != write("again.safetensors").fingerprint())
        #expect(try write("again.safetensors").fingerprint() == SHA256.hexadecimal(file: folder("in.safetensors")))
    }
}
