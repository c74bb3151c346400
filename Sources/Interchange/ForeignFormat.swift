/// A well-known format of files that are given where weights or an array belong, and how to convert it.
struct ForeignFormat {
    /// What a file was given for.
    enum Purpose {
        /// Weights in one of the formats of `WeightsFile`, a safetensors file, or one array.
        case weights, safetensors, array
    }

    enum Kind {
        case torch, oldTorch, torchScript, pickle, numpyArchive, numpyArray, keras, hdf5, onnx, gguf, tensorFlowLite, safetensorsIndex
        case safetensors, gitPointer, webPage, gzip, zip, tar, picture
    }

    private let kind: Kind
    private let purpose: Purpose

    /// Recognizes a file by its content; nil where it is none of these, or what is wanted but for some damage.
    init?(_ bytes: UnsafeRawBufferPointer, givenFor purpose: Purpose) {
        guard let kind = Self.kind(bytes) else { return nil }
        switch (kind, purpose) {
        case (.safetensors, .weights), (.safetensors, .safetensors), (.numpyArray, .array): return nil
        default: (self.kind, self.purpose) = (kind, purpose)
        }
    }

    /// What a file is by its content; nil where it is none of these.
    static func kind(_ bytes: UnsafeRawBufferPointer) -> Kind? { byMagic(bytes) ?? byText(bytes) }

    private static func byMagic(_ bytes: UnsafeRawBufferPointer) -> Kind? {
        func starts(_ magic: [UInt8], at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: magic) }
        // The size of a header in 8 bytes, and the header's brace.
        if bytes.count > 9, bytes[8] == UInt8(ascii: "{"), bytes[5] == 0, bytes[6] == 0, bytes[7] == 0 { return .safetensors }
        if starts([0x50, 0x4b, 3, 4]) { return byEntries(of: bytes) }
        // Before torch 1.6: the pickled number 0x1950a86a20f9469cfc6c stands first.
        if starts([0x80]), starts([0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9], at: 2) { return .torch }
        if starts([0x80]), bytes.count > 1, (2...5).contains(bytes[1]) { return .pickle }
        if starts([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) { return .hdf5 }
        if starts(Array("GGUF".utf8)) { return .gguf }
        if starts(Array("TFL3".utf8), at: 4) { return .tensorFlowLite }
        if starts([0x93] + Array("NUMPY".utf8)) { return .numpyArray }
        if starts([0x1f, 0x8b]) { return .gzip }
        if starts(Array("ustar".utf8), at: 257) || starts(Array("sys_info\0".utf8)) {
            // What torch.save wrote before version 0.1.10 is a tar archive of these.
            return ["sys_info", "pickle", "storages", "tensors"].contains { starts(Array("\($0)\0".utf8)) } ? .oldTorch : .tar
        }
        if ImageFormat(of: bytes) != nil { return .picture }
        // A protocol buffer: the version of the format, then the producer's name, the operators' version or the graph.
        if bytes.count > 16, bytes[0] == 8, (3...30).contains(bytes[1]), [0x12, 0x1a, 0x3a, 0x42].contains(bytes[2]) { return .onnx }
        return nil
    }

    /// Tells the archives apart by the names in them, which stand before each entry and once more at the end.
    private static func byEntries(of bytes: UnsafeRawBufferPointer) -> Kind {
        let ends = [bytes.prefix(1 << 16), bytes.suffix(1 << 16)]
        func holds(_ name: String) -> Bool {
            let name = Array(name.utf8)
            return ends.contains { end in
                end.indices.contains { end[$0] == name[0] && end[$0...].starts(with: name) }
            }
        }
        if holds("/constants.pkl") { return .torchScript }
        if holds("/data.pkl") { return .torch }
        if holds(".weights.h5") { return .keras }
        return holds(".npy") ? .numpyArchive : .zip
    }

    private static func byText(_ bytes: UnsafeRawBufferPointer) -> Kind? {
        let start = String(decoding: bytes.prefix(1024), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
        if start.hasPrefix("version https://git-lfs") { return .gitPointer }
        if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") { return .webPage }
        return start.hasPrefix("{") && start.contains("\"weight_map\"") ? .safetensorsIndex : nil
    }

    private var name: String {
        switch kind {
        case .torch: "a PyTorch file"
        case .oldTorch: "a PyTorch file of before version 0.1.10, a tar archive"
        case .torchScript: "a TorchScript file"
        case .pickle: "a Python pickle"
        case .numpyArchive: "an .npz archive of arrays"
        case .numpyArray: "a NumPy array"
        case .keras: "a Keras model"
        case .hdf5: "an HDF5 file (as of Keras)"
        case .onnx: "an ONNX model"
        case .gguf: "a GGUF file"
        case .tensorFlowLite: "a TensorFlow Lite model"
        case .safetensorsIndex: "the index of weights in several files"
        case .safetensors: "a file of weights (safetensors)"
        case .gitPointer: "a pointer of Git LFS, which stands for the file"
        case .webPage: "a web page"
        case .gzip: "a file compressed with gzip"
        case .zip: "a zip archive"
        case .tar: "a tar archive"
        case .picture: "a picture"
        }
    }

    /// The error of a file of this format that was given for weights or for an array.
    func failure(_ path: String) -> InterchangeError {
        let wanted =
            switch purpose {
            case .weights: "weights (safetensors, .pth or .npz)"
            case .safetensors: "safetensors"
            case .array: "a NumPy array (.npy)"
            }
        return InterchangeError(path, "this is \(name), not \(wanted)", repair: repair(path))
    }

    private func repair(_ path: String) -> String {
        // What a shell or Python would read otherwise is not written into a line for them.
        let isPlain = path.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || "/._-+=,@ ".utf8.contains(byte)
        }
        let file = isPlain ? path : "FILE"
        let dot = file.lastIndex(of: ".").flatMap { file[$0...].contains("/") ? nil : $0 }
        let stem = String(file[..<(dot ?? file.endIndex)])
        func line(_ python: String) -> String { "convert it: python3 -c \"\(python)\"" }
        switch (kind, purpose) {
        case (.gitPointer, _): return "fetch the file: git lfs pull"
        case (.webPage, _): return "download the file itself, not the page that shows it"
        case (.gzip, _): return "unpack it: gunzip"
        case (.zip, _), (.tar, _): return "unpack it, and name one of its files"
        case (.numpyArchive, .array): return line("import numpy; numpy.save('\(stem).npy', numpy.load('\(file)')['NAME'])")
        case (.torch, .array):
            return line("import numpy, torch; numpy.save('\(stem).npy', torch.load('\(file)', weights_only=True).numpy())")
        case (_, .array): return "save the array with numpy.save"
        case (.torch, _), (.numpyArchive, _), (.safetensorsIndex, _):
            return "convert it: braid weights convert \(file) \(stem).safetensors"
        case (.oldTorch, _):
            return "save it again with a PyTorch that reads it: torch.save(torch.load('\(file)', map_location='cpu'), '\(stem).pth')"
        case (.torchScript, _):
            return line(
                "import torch, safetensors.torch as s; d = torch.jit.load('\(file)', map_location='cpu').state_dict(); "
                    + "s.save_file({k: v.contiguous().clone() for k, v in d.items()}, '\(stem).safetensors')")
        case (.onnx, _):
            return "take its weights with it: braid import \(file)"
        case (.hdf5, _):
            return "kernels must be transposed to [out, in, height, width] and named as the network's parameters; "
                + line(
                    "import h5py, safetensors.numpy as s; d = {}; "
                        + "h5py.File('\(file)').visititems(lambda k, v: d.update({k: v[()]}) if hasattr(v, 'shape') else None); "
                        + "s.save_file(d, '\(stem).safetensors')")
        case (.picture, _), (.numpyArray, _): return "give it with --input, and weights with --weights"
        default: return "save its tensors with safetensors, under the names of the network's parameters"
        }
    }
}
