/**
 * Owns noticing that a file changed: it watches the directories of the files a child has loaded, and of those it looked
 * for in vain. It must never report a file that no child cared for, and never decide what to do about it.
 */
import { existsSync, type FSWatcher, watch } from "node:fs";
import path from "node:path";
import { skeinError, type SkeinError } from "../../errors/index.ts";

export interface FileWatch {
  /** Watches exactly these from now on; a change between two calls is not lost. */
  set(files: Iterable<string>): void;
  close(): void;
}

/**
 * Watches at most `directoriesMax` directories; beyond it, or where one cannot be watched, `onTrouble` is told
 * (`SKEIN_DEV_WATCH`) and the rest is watched all the same.
 */
export function createFileWatch(
  onChange: (file: string) => void,
  onTrouble: (error: SkeinError) => void,
  directoriesMax = 4_096,
): FileWatch {
  const tell = (reason: string) => onTrouble(skeinError("SKEIN_DEV_WATCH", `a change may go unnoticed: ${reason}`));
  let watchers: FSWatcher[] = [];
  let wanted = new Set<string>();

  const notice = (directory: string, name: string | null) => {
    // Some platforms do not say which file; then anything below may have changed.
    if (name === null) return onChange(directory);
    const file = path.join(directory, name);
    if (wanted.has(file)) return onChange(file);
    // The directory itself went away (a branch was switched): its files did too.
    if (name === path.basename(directory) && !existsSync(directory)) onChange(directory);
  };

  return {
    set(files) {
      const next = new Set<string>();
      const directories = new Set<string>();
      for (const file of files) {
        const { directory, name } = watchable(file);
        next.add(path.join(directory, name));
        directories.add(directory);
      }
      const before = watchers;
      wanted = next;
      // All anew: a directory may have been replaced by another of the same name. The old ones end after the new begin.
      watchers = [...directories].slice(0, directoriesMax).flatMap((directory) => {
        try {
          const watcher = watch(directory, (_kind, name) => notice(directory, name));
          watcher.on("error", () => watcher.close());
          return [watcher];
        } catch (error) {
          tell(`${directory}: ${error instanceof Error ? error.message : String(error)}`);
          return [];
        }
      });
      if (directories.size > directoriesMax) tell(`${directories.size - directoriesMax} directories too many`);
      for (const watcher of before) watcher.close();
    },
    close() {
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}

/** The nearest directory that exists, and the name in it whose appearance matters. */
function watchable(file: string): { directory: string; name: string } {
  let directory = path.dirname(file);
  let name = path.basename(file);
  while (!existsSync(directory) && directory !== path.dirname(directory)) {
    name = path.basename(directory);
    directory = path.dirname(directory);
  }
  return { directory, name };
}
