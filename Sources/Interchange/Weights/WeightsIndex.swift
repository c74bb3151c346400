import Foundation
import Graph

/// The tensors of several files, which an index names (`model.safetensors.index.json`): each tensor is in the file that its `weight_map` has.
struct WeightsIndex: TensorSource {
    private struct Content: Decodable {
        var weightMap: [String: String]

        private enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
    }

    /// The largest index that is read, and the most files of one.
    private static let largest = 100_000_000
    private static let mostFiles = 1024

    let path: String
    let described: [WeightsFile.Entry]
    let metadata: [String: String]
    let notes: [String]
    let paths: [String]
    private let files: [WeightsFile]
    /// In which file each tensor is.
    private let places: [String: Int]

    private static let repair = "download it again, with all the files that it names beside it"

    /// Reads which file each tensor is in, what these files are called, and where they lie: beside the index.
    static func places(path: String) throws(InterchangeError) -> (weightMap: [String: String], names: [String], located: [String]) {
        let data = try InputFile.read(path, maximum: Self.largest)
        guard let content = try? JSONDecoder().decode(Content.self, from: data) else {
            throw InterchangeError(path, "this is no index of weights: a \"weight_map\" from tensors to files", repair: repair)
        }
        let names = Set(content.weightMap.values).sorted()
        if let name = names.first(where: { $0.isEmpty || $0.contains("/") || $0.contains("\\") || $0 == "." || $0 == ".." }) {
            throw InterchangeError(path, "the index names a file outside of its folder: '\(name)'", repair: repair)
        }
        // The system ends a path there, so that it is another file's.
        if names.contains(where: { $0.utf8.contains(0) }) {
            throw InterchangeError(path, "the index names a file with a zero byte in its name, which no file has", repair: repair)
        }
        if names.count > Self.mostFiles {
            throw InterchangeError(path, "the index names \(names.count) files, more than \(Self.mostFiles)", repair: repair)
        }
        let folder = FilePath.folder(of: path)
        return (content.weightMap, names, names.map { FilePath.joined(folder, $0) })
    }

    /// Reads the index at `path` and opens its files, which lie beside it.
    init(path: String) throws(InterchangeError) {
        let repair = Self.repair
        let (weightMap, names, located) = try Self.places(path: path)
        let missing = located.filter { !FileManager.default.fileExists(atPath: $0) }
        if !missing.isEmpty {
            throw InterchangeError(
                path, "of its \(names.count) files \(missing.count) are missing", repair: repair,
                notes: missing.prefix(12).map { "missing: \($0)" })
        }
        var files: [WeightsFile] = []
        for file in located { files.append(try WeightsFile(path: file, mayBeIndex: false)) }
        let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        places = weightMap.compactMapValues { numbers[$0] }
        let absent = weightMap.filter { name, file in numbers[file].map { files[$0][name] == nil } ?? true }.map(\.key).sorted()
        if let first = absent.first {
            throw InterchangeError(
                path, .entry("tensor \"\(first)\""), "\(weightMap[first] ?? "") should have it, and has it not", repair: repair,
                notes: absent.dropFirst().prefix(11).map { "missing as well: \($0)" })
        }
        // In the order of the files and of what is in them.
        var described: [WeightsFile.Entry] = []
        for (number, file) in files.enumerated() { described += file.entries.filter { [places] in places[$0.name] == number } }
        self.described = described
        self.path = path
        self.files = files
        paths = [path] + located
        metadata = files.reduce(into: [:]) { all, file in all.merge(file.metadata) { first, _ in first } }
        notes = files.flatMap(\.notes)
    }

    private func file(_ name: String) throws(InterchangeError) -> WeightsFile {
        guard let place = places[name] else { throw Safetensors.absence(of: name, among: described.map(\.name), path: path) }
        return files[place]
    }

    func tensor(_ name: String) throws(InterchangeError) -> HostTensor { try file(name).tensor(name) }

    func readFloats(_ name: String, granule: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) throws(InterchangeError) {
        try file(name).readFloats(name, granule: granule, body)
    }
}
