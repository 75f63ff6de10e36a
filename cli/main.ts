#!/usr/bin/env node
import {keepCompiled} from './compile-cache.ts';

keepCompiled(process.env);
// Only what is imported after that is kept.
await import('./program.ts');
