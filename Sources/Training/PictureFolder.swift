import Foundation
import Interchange

/// The pictures of a folder, whatever they are called and wherever they lie in it.
public enum PictureFolder {
    /// The paths of the pictures in a folder and in those below it, sorted; hidden ones are left out.
    ///
    /// Throws where a folder cannot be read, and where there is no picture.
    public static func pictures(in folder: String) throws(InterchangeError) -> [String] {
        var name = folder
        while name.count > 1, name.hasSuffix("/") { name.removeLast() }
        let paths = try DatasetFolder.pictures(in: name)
        if paths.isEmpty {
            throw InterchangeError(
                folder, "there is no picture in the folder", repair: "name a folder with files that end in \(ImageFormat.endingNames)")
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
