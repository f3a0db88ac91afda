//! Who runs when: builds on worker threads as soon as what they wait for is done, everything else on this thread.
//!
//! Knows the shape of a plan and nothing of modules, so it is tested without a disk. All results and all news reach the
//! calling thread over one channel; it alone reports and writes.

use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A step as far as scheduling goes.
#[derive(Clone, Debug)]
pub(super) struct Job<W> {
    /// What a worker thread does of it first.
    pub(super) parallel: Option<W>,
    /// Places of the jobs that have to succeed first.
    pub(super) after: Vec<usize>,
    /// Places of the jobs that have to have ended first, well or not.
    pub(super) waits: Vec<usize>,
}

/// What reaches the calling thread.
pub(super) enum News<N, R> {
    /// A message from a running job.
    Message(usize, N),
    /// A worker is done with its part.
    Result(usize, R),
}

/// What the calling thread is asked to do.
pub(super) enum Task<N, R> {
    /// Pass on a message from a running job.
    Message(usize, N),
    /// Finish a job: with the worker's result if one had a part of it.
    Finish(usize, Option<R>),
    /// Note that a job is not tried, because this earlier one did not succeed.
    GiveUp(usize, usize),
    /// Another stretch of time went by with jobs running.
    Elapsed,
}

/// Says messages of a running job to the calling thread.
pub(super) struct Sender<N, R> {
    job: usize,
    sender: Mutex<mpsc::Sender<News<N, R>>>,
}

impl<N, R> Sender<N, R> {
    /// Sends a message; a closed channel is fine.
    pub(super) fn say(&self, message: N) {
        if let Ok(sender) = self.sender.lock() {
            let _ = sender.send(News::Message(self.job, message));
        }
    }
}

/// Runs all jobs. `work` is called on one of `workers` threads for each parallel job; `act` on this thread, and says for
/// `Finish` whether the job succeeded. While jobs run, it is called each time that `every` went by, too.
pub(super) fn drive<W: Sync, N: Send, R: Send>(
    jobs: &[Job<W>],
    workers: usize,
    every: Duration,
    work: &(dyn Fn(&W, &Sender<N, R>) -> R + Sync),
    act: &mut dyn FnMut(Task<N, R>) -> bool,
) {
    let (news_sender, news) = mpsc::channel::<News<N, R>>();
    let (queue_sender, queue) = mpsc::channel::<(usize, &W)>();
    let queue = Mutex::new(queue);
    let parallel = jobs.iter().filter(|job| job.parallel.is_some()).count();
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, parallel.max(1)) {
            let (queue, news_sender) = (&queue, news_sender.clone());
            scope.spawn(move || {
                // The lock is held while waiting: the thread that has it gets the next job, the others wait for the lock.
                while let Ok((job, part)) =
                    { queue.lock().map_or_else(|poison| poison.into_inner().recv(), |queue| queue.recv()) }
                {
                    let sender = Sender { job, sender: Mutex::new(news_sender.clone()) };
                    let result = work(part, &sender);
                    let _ = news_sender.send(News::Result(job, result));
                }
            });
        }
        drop(news_sender);
        let mut done: Vec<Option<bool>> = vec![None; jobs.len()];
        let mut queued = vec![false; jobs.len()];
        let mut running = 0usize;
        let mut next = Instant::now() + every;
        loop {
            advance(jobs, &mut done, &mut queued, &mut running, &queue_sender, act);
            if running == 0 {
                break;
            }
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                next = Instant::now() + every;
                act(Task::Elapsed);
                continue;
            }
            match news.recv_timeout(left) {
                Ok(News::Message(job, message)) => {
                    act(Task::Message(job, message));
                }
                Ok(News::Result(job, result)) => {
                    running -= 1;
                    done[job] = Some(act(Task::Finish(job, Some(result))));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        drop(queue_sender);
    });
}

/// Takes every job that can go on now; queues parallel ones.
fn advance<'a, W, N, R>(
    jobs: &'a [Job<W>],
    done: &mut [Option<bool>],
    queued: &mut [bool],
    running: &mut usize,
    queue: &mpsc::Sender<(usize, &'a W)>,
    act: &mut dyn FnMut(Task<N, R>) -> bool,
) {
    // Some wait for a later one: again until nothing moves.
    let mut places: Vec<usize> = (0..jobs.len()).filter(|place| done[*place].is_none() && !queued[*place]).collect();
    loop {
        let before = places.len();
        places.retain(|place| !step(*place, jobs, done, queued, running, queue, act));
        if places.is_empty() || places.len() == before {
            return;
        }
    }
}

/// Takes one job, if it can go on now; whether that is settled.
fn step<'a, W, N, R>(
    place: usize,
    jobs: &'a [Job<W>],
    done: &mut [Option<bool>],
    queued: &mut [bool],
    running: &mut usize,
    queue: &mpsc::Sender<(usize, &'a W)>,
    act: &mut dyn FnMut(Task<N, R>) -> bool,
) -> bool {
    let job = &jobs[place];
    if let Some(&failed) = job.after.iter().find(|earlier| done[**earlier] == Some(false)) {
        act(Task::GiveUp(place, failed));
        done[place] = Some(false);
        return true;
    }
    let ready = job.after.iter().all(|earlier| done[*earlier] == Some(true));
    if !ready || job.waits.iter().any(|earlier| done[*earlier].is_none()) {
        return false;
    }
    match &job.parallel {
        // The queue is open as long as jobs are taken from it, which is longer than this.
        Some(part) if queue.send((place, part)).is_ok() => {
            queued[place] = true;
            *running += 1;
        }
        _ => done[place] = Some(act(Task::Finish(place, None))),
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn job(parallel: bool, after: &[usize]) -> Job<()> {
        Job { parallel: parallel.then_some(()), after: after.to_vec(), waits: Vec::new() }
    }

    /// Runs jobs, of which those in `bad` fail; the order in which they were finished or given up.
    fn order(jobs: &[Job<()>], bad: &[usize]) -> Vec<String> {
        let numbered = |(number, job): (usize, &Job<()>)| Job {
            parallel: job.parallel.map(|()| number),
            after: job.after.clone(),
            waits: job.waits.clone(),
        };
        let jobs: Vec<Job<usize>> = jobs.iter().enumerate().map(numbered).collect();
        let mut seen = Vec::new();
        drive::<usize, (), usize>(&jobs, 3, LONG, &|number, _| *number, &mut |task| match task {
            Task::Finish(job, result) => {
                assert_eq!(result, jobs[job].parallel);
                seen.push(format!("{job}"));
                !bad.contains(&job)
            }
            Task::GiveUp(job, because) => {
                seen.push(format!("{job} gave up for {because}"));
                false
            }
            Task::Message(..) | Task::Elapsed => true,
        });
        seen
    }

    #[test]
    fn nothing_to_do_ends_at_once() {
        assert!(order(&[], &[]).is_empty());
    }

    #[test]
    fn what_is_waited_for_comes_first() {
        let jobs = [job(true, &[]), job(false, &[0]), job(true, &[1]), job(false, &[2])];
        assert_eq!(order(&jobs, &[]), ["0", "1", "2", "3"]);
    }

    #[test]
    fn a_failure_stops_what_waits_for_it_and_nothing_else() {
        let jobs = [job(true, &[]), job(false, &[0]), job(false, &[1]), job(true, &[])];
        let mut seen = order(&jobs, &[0]);
        seen.sort();
        assert_eq!(seen, ["0", "1 gave up for 0", "2 gave up for 1", "3"]);
    }

    #[test]
    fn what_is_only_waited_for_may_come_later_and_may_fail() {
        let jobs = [Job { waits: vec![2], ..job(false, &[]) }, job(true, &[]), job(false, &[1]), job(false, &[0])];
        assert_eq!(order(&jobs, &[]), ["1", "2", "0", "3"]);
        assert_eq!(order(&jobs, &[1]), ["1", "2 gave up for 1", "0", "3"]);
    }

    #[test]
    fn never_more_at_once_than_workers_and_words_arrive() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let jobs: Vec<Job<()>> = (0..12).map(|_| job(true, &[])).collect();
        let (mut messages, mut results) = (0, 0);
        let work = |(): &(), sender: &Sender<(), ()>| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sender.say(());
            std::thread::sleep(Duration::from_millis(2));
            now.fetch_sub(1, Ordering::SeqCst);
        };
        drive(&jobs, 2, LONG, &work, &mut |task| {
            match task {
                Task::Message(..) => messages += 1,
                Task::Finish(..) => results += 1,
                Task::GiveUp(..) | Task::Elapsed => panic!("nothing fails, and nothing takes so long"),
            }
            true
        });
        assert_eq!((messages, results), (12, 12));
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_job_that_says_nothing_is_noticed_and_one_that_chatters_is_too() {
        for chatters in [false, true] {
            let (sender, receiver) = mpsc::channel::<()>();
            let receiver = Mutex::new(receiver);
            // It ends when it was noticed twice.
            let work = |(): &(), sender: &Sender<(), ()>| {
                let mut noticed = 0;
                while noticed < 2 {
                    if chatters {
                        sender.say(());
                    }
                    noticed += usize::from(receiver.lock().unwrap().recv_timeout(Duration::from_millis(1)).is_ok());
                }
            };
            drive(&[job(true, &[])], 1, Duration::from_millis(5), &work, &mut |task| {
                if matches!(task, Task::Elapsed) {
                    let _ = sender.send(());
                }
                true
            });
        }
    }
}
